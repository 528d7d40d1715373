/** A page in the background is hardly ever painted, and must go on all the same. */
const UNPAINTED_MS = 200;

/** Runs `run` once, when what is on the page now has been painted: work that takes both processors would delay that. */
export function afterPaint(run: () => void) {
  const runOnce = once(run);
  requestAnimationFrame(() => setTimeout(runOnce));
  setTimeout(runOnce, UNPAINTED_MS);
}

/** `run`, which does nothing from its second call on. */
export function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
