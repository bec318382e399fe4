// @ts-check
// Sets the chosen theme before anything is painted. "auto" leaves it to the system.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("warmup.theme");
  } catch {
    /* storage may be forbidden: then the system decides */
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
