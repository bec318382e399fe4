"""The use cases: one public function each, `verb(context, …)`. Services do not call each other."""
