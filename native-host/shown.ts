/** A name from the system or from a file, for a person: without what could not be seen, and no longer than a line or two. */
export function shown(text: string, max = 256): string {
  const visible = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return (visible.length > max ? `${visible.slice(0, max - 1)}…` : visible) || '?';
}
