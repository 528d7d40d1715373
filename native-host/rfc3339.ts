/** A moment in UTC without a fraction, as AWS writes it: 2026-11-21T03:07:33Z. */
export function rfc3339(moment: Date): string {
  return `${moment.toISOString().slice(0, 19)}Z`;
}
