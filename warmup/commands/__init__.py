"""The commands of `warmup`, one file a noun. Data goes to standard output, everything else to standard error."""
