/**
 * A message of ours on a line of its own. Messages are worded to follow a program's name, so here they get a capital and
 * a full stop; what stands between backticks is something to type, or a name.
 */
export function Sentence({ text }: { readonly text: string }) {
  const stop = /[.!?]$/.test(text) ? '' : '.';
  const pieces = `${text.charAt(0).toUpperCase()}${text.slice(1)}${stop}`.split('`');
  return <>{pieces.map((piece, index) => (index % 2 === 1 ? <code key={piece}>{piece}</code> : piece))}</>;
}
