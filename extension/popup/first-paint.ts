// A classic script of its own, run where it stands: what the popup showed last time is in the document before the browser paints
// the page for the first time. Modules come too late for that. kept-screen.ts writes what this reads, under the same name.
{
  const root = document.getElementById('popup');
  const screen = location.search === '' ? localStorage.getItem('screen') : null;
  if (root && screen) {
    root.innerHTML = screen; // markup that this page has made itself, and that only this extension's pages can write
    root.querySelector('input')?.focus();
    // Until the page is live, live.tsx is who this click is kept for.
    root.addEventListener('click', ({ target }) => {
      if (target instanceof Element) root.dataset.clicked = target.closest<HTMLElement>('.row')?.dataset.profile ?? '';
    });
  }
}
