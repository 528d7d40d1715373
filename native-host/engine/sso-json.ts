/**
 * A start URL without its fragment, which names no other instance: aws-vault takes everything after `#` for a comment, and the
 * token of one start URL is one item for both programs.
 */
export function bareStartUrl(startUrl: string): string {
  return startUrl.replace(/#.*$/, '');
}

/** `undefined` for what is no JSON: what cannot be understood is no token. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Its message would quote the secret.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Older AWS CLIs end a time in `UTC`. */
export function asDate(value: unknown): Date | undefined {
  const date = new Date(typeof value === 'string' ? value.replace(/UTC$/, 'Z') : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}
