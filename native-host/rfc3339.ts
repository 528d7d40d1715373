/** A moment in UTC without a fraction, as AWS writes it: 2026-11-21T03:07:33Z. @throws RangeError for a date that is none */
export function rfc3339(moment: Date): string {
  if (Number.isNaN(moment.getTime())) throw new RangeError('Invalid time value');
  // Not toISOString: V8 asks for the local time zone there, which loads all of its rules (0.3 ms of a start).
  const date = [moment.getUTCFullYear(), moment.getUTCMonth() + 1, moment.getUTCDate()];
  const time = [moment.getUTCHours(), moment.getUTCMinutes(), moment.getUTCSeconds()];
  return `${padded(date, 4).join('-')}T${padded(time, 2).join(':')}Z`;
}

function padded([first = 0, ...others]: readonly number[], width: number): string[] {
  return [String(first).padStart(width, '0'), ...others.map((part) => String(part).padStart(2, '0'))];
}
