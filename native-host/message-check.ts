import { VaultError } from './errors.ts';

/** Gives back `value` once it is a T. `name` is what the value is called in the error. @throws VaultError BAD_MESSAGE */
export type Check<T> = (value: unknown, name: string) => T;

type RequiredKey<P> = { [K in keyof P]-?: Record<never, never> extends Pick<P, K> ? never : K }[keyof P];

/** The checks of an object's keys; the compiler holds them against P, so a key without a check does not build. */
export type FieldChecks<P> = {
  readonly required: { readonly [K in RequiredKey<P>]: Check<P[K]> };
  readonly optional: { readonly [K in Exclude<keyof P, RequiredKey<P>>]-?: Check<Exclude<P[K], undefined>> };
};

/** A string of `min` (else 1) to `max` characters; `form` says which, where a pattern does. */
export function text(bounds: { max: number; min?: number; pattern?: RegExp; form?: string }): Check<string> {
  const { max, min = 1, pattern, form } = bounds;
  return (value, name) => {
    const isRight = typeof value === 'string' && value.length >= min && value.length <= max;
    if (isRight && (pattern === undefined || pattern.test(value))) return value;
    const which = form === undefined ? '' : `, ${form}`;
    throw new VaultError('BAD_MESSAGE', `${name} must be a string of ${min} to ${max} characters${which}`);
  };
}

/**
 * A string that is shown to a person who decides by it: nothing that breaks the line or turns the direction of writing,
 * so that no part of it can pass for something else.
 */
export function shownText(max: number): Check<string> {
  return text({ max, pattern: /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, form: 'none of them invisible' });
}

/** A whole number that JSON and JavaScript agree on. */
export function integer({ min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number }): Check<number> {
  return (value, name) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new VaultError('BAD_MESSAGE', `${name} must be a whole number from ${min} to ${max}`);
  };
}

export const boolean: Check<boolean> = (value, name) => {
  if (typeof value === 'boolean') return value;
  throw new VaultError('BAD_MESSAGE', `${name} must be true or false`);
};

export function oneOf<const T extends string>(...values: readonly T[]): Check<T> {
  return (value, name) => {
    const found = values.find((one) => one === value);
    if (found !== undefined) return found;
    throw new VaultError('BAD_MESSAGE', `${name} must be ${values.map((one) => JSON.stringify(one)).join(' or ')}`);
  };
}

/** An object with no keys at all. */
export const nothing: Check<Record<string, never>> = (value, name) => {
  requireKnownKeys(record(value, name), [], name);
  return {};
};

/**
 * An object with these keys and no others. With `ignoresOthers`, unknown keys are left out instead: for the one message that
 * two releases must understand before they know each other.
 */
export function object<P extends object>(
  { required, optional }: FieldChecks<P>,
  { ignoresOthers = false }: { readonly ignoresOthers?: boolean } = {},
): Check<P> {
  const requiredChecks = Object.entries<Check<unknown>>(required);
  const optionalChecks = Object.entries<Check<unknown>>(optional);
  const known = [...requiredChecks, ...optionalChecks].map(([key]) => key);
  return (value, name) => {
    const given = record(value, name);
    if (!ignoresOthers) requireKnownKeys(given, known, name);
    const present = optionalChecks.filter(([key]) => Object.hasOwn(given, key));
    const checked = [...requiredChecks, ...present].map(([key, check]) => [key, check(given[key], `${name}.${key}`)]);
    return Object.fromEntries(checked) as P; // every key of P has gone through its own check
  };
}

/** A JSON object; nothing is said of its keys. */
export function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw new VaultError('BAD_MESSAGE', `${name} must be an object`);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws VaultError BAD_MESSAGE that names the first key nobody knows */
export function requireKnownKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  name: string,
): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new VaultError('BAD_MESSAGE', `${name} has a key nobody knows: ${quoted(unknown)}`);
}

/** A stranger's string for a message: short, on one line, visibly a quotation. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value);
}
