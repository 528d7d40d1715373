import { AwsError, validationError } from './aws-error.ts';

function constraintError(value: string | null, name: string, rule: string): AwsError {
  const field = name.charAt(0).toLowerCase() + name.slice(1);
  const shown = value === null ? 'null' : `'${value}'`;
  return validationError(
    `1 validation error detected: Value ${shown} at '${field}' failed to satisfy constraint: Member must ${rule}`,
  );
}

export type TextRule = { readonly pattern: RegExp; readonly min: number; readonly max: number };

/** A text parameter that obeys its pattern and length; `undefined` if it was not sent. */
export function optionalText(form: URLSearchParams, name: string, rule: TextRule): string | undefined {
  const value = form.get(name);
  if (value === null) return undefined;
  if (value.length < rule.min) throw constraintError(value, name, `have length greater than or equal to ${rule.min}`);
  if (value.length > rule.max) throw constraintError(value, name, `have length less than or equal to ${rule.max}`);
  if (!rule.pattern.test(value)) {
    throw constraintError(value, name, `satisfy regular expression pattern: ${rule.pattern.source.slice(1, -1)}`);
  }
  return value;
}

export function requiredText(form: URLSearchParams, name: string, rule: TextRule): string {
  const value = optionalText(form, name, rule);
  if (value === undefined) throw constraintError(null, name, 'not be null');
  return value;
}

export type DurationRule = { readonly min: number; readonly max: number; readonly otherwise: number };

/** DurationSeconds within the operation's fixed range. */
export function durationSeconds(form: URLSearchParams, rule: DurationRule): number {
  const text = form.get('DurationSeconds');
  if (text === null) return rule.otherwise;
  if (!/^-?\d+$/.test(text)) throw new AwsError(400, 'MalformedInput', 'DurationSeconds is not a number');
  const value = Number(text);
  if (value < rule.min)
    throw constraintError(text, 'DurationSeconds', `have value greater than or equal to ${rule.min}`);
  if (value > rule.max) throw constraintError(text, 'DurationSeconds', `have value less than or equal to ${rule.max}`);
  return value;
}

/** The inline session policy, if one was sent: JSON, at most 2048 characters. */
export function sessionPolicy(form: URLSearchParams): string | undefined {
  const policy = optionalText(form, 'Policy', { pattern: /^[\s\S]*$/, min: 1, max: 2048 });
  if (policy === undefined) return undefined;
  try {
    JSON.parse(policy);
  } catch {
    // The one way JSON.parse fails, and AWS's name for it.
    throw new AwsError(400, 'MalformedPolicyDocument', 'Syntax errors in policy.');
  }
  return policy;
}

export type SessionTags = {
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
};

/** The entries of a `Name.member.N…` list, in the order of N. */
function members(form: URLSearchParams, prefix: string, suffix: string): string[] {
  const values: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = form.get(`${prefix}.member.${index}${suffix}`);
    if (value === null) return values;
    values.push(value);
  }
}

/** Tags and TransitiveTagKeys: at most 50, keys 1-128 and values 0-256 characters, keys distinct whatever their case. */
export function sessionTags(form: URLSearchParams): SessionTags {
  const keys = members(form, 'Tags', '.Key');
  const values = members(form, 'Tags', '.Value');
  const transitiveTagKeys = members(form, 'TransitiveTagKeys', '');
  if (keys.length > 50) throw constraintError('[…]', 'Tags', 'have length less than or equal to 50');
  for (const key of keys) {
    if (key.length < 1 || key.length > 128) throw constraintError(key, 'Tags.key', 'have length between 1 and 128');
  }
  if (values.some((value) => value.length > 256)) throw constraintError('…', 'Tags.value', 'have length up to 256');
  if (new Set(keys.map((key) => key.toLowerCase())).size < keys.length) {
    throw new AwsError(
      400,
      'InvalidParameterValue',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    );
  }
  if (transitiveTagKeys.some((key) => !keys.includes(key))) {
    throw new AwsError(
      400,
      'InvalidParameterValue',
      'The specified transitive tag key must be included in the requested tags.',
    );
  }
  return { tags: Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ''])), transitiveTagKeys };
}
