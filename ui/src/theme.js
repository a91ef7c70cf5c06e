// Blocks the page, so that its first picture has the theme that settings/look.ts noted.
(() => {
  try {
    const theme = localStorage.getItem('appearance');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // A browser that keeps nothing for the page throws: the system's theme stays.
  }
})();
