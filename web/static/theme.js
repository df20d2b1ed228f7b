// Light, dark, or as the system has it: what a person chose is kept in the browser, and set before anything is shown.
{
  const KEY = "pincite.theme";
  const THEMES = ["system", "light", "dark"];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  function show(theme) {
    root.dataset.theme = THEMES.includes(theme) ? theme : THEMES[0];
    for (const button of document.querySelectorAll(".theme")) {
      button.hidden = false;
      button.title = button.dataset[root.dataset.theme];
      button.setAttribute("aria-label", button.title);
    }
  }

  function kept() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  // From the system's colours first to the others, so that one sees something change.
  function next() {
    const order = dark.matches ? ["system", "light", "dark"] : ["system", "dark", "light"];
    const theme = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
    try {
      if (theme === THEMES[0]) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // The browser keeps nothing: the choice holds for this page.
    }
    show(theme);
  }

  show(kept());
  document.addEventListener("DOMContentLoaded", () => show(kept()));
  document.addEventListener("click", ({ target }) => target.closest(".theme") && next());
  // For the module of the box, which comes later.
  document.addEventListener("keydown", ({ key, shiftKey, target }) => {
    if (key === "Enter" && !shiftKey) target.dataset.entered = "";
  });
}
