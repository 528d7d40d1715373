// A classic script of its own, run where it stands: what the popup showed last time is in the document before the browser paints
// the page for the first time. Modules come too late for that. kept-screen.ts writes what this reads, under the same name.
{
  const root = document.getElementById('popup');
  const screen = location.search === '' ? keptScreen() : undefined;
  if (root && screen) {
    root.innerHTML = screen; // markup that this page has made itself, and that only this extension's pages can write
    root.querySelector('input')?.focus();
    // Until the page is live, live.tsx is who this click is kept for, and the Enter in the filter.
    root.addEventListener('click', ({ target }) => {
      if (target instanceof Element) root.dataset.clicked = target.closest<HTMLElement>('.row')?.dataset.profile ?? '';
    });
    root.addEventListener('keydown', ({ target, key, isComposing }) => {
      if (target instanceof HTMLInputElement && key === 'Enter' && !isComposing) root.dataset.entered = '';
    });
  }

  function keptScreen(): string | undefined {
    try {
      // Its first line is the build that made it: another build has other markup, and other styles for it.
      const [build, ...markup] = localStorage.getItem('screen')?.split('\n') ?? [];
      const page = document.querySelector<HTMLScriptElement>('script[type="module"]');
      return build === page?.src ? markup.join('\n') : undefined;
    } catch {
      return undefined; // the user lets pages keep nothing: the popup is then painted when it is live
    }
  }
}
