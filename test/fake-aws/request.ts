import type { Place } from './hosts.ts';

/** One HTTP request, read in full. */
export type Request = {
  readonly method: string;
  /** As sent, still escaped. */
  readonly path: string;
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  /** The fields of a form body; empty for any other body. */
  readonly form: URLSearchParams;
  /** Lower-case names; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The Host header as sent. */
  readonly host: string;
  readonly place: Place;
  readonly isTls: boolean;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
};

/** What a request asks for, known before it is allowed: faults and the record need the name first. */
export type Operation = {
  readonly service: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly accessKeyId: string | undefined;
  /** Does it. An AwsError thrown inside is rendered by `refuse`. */
  readonly run: () => Answer;
  readonly refuse: (error: { readonly status: number; readonly code: string; readonly message: string }) => Answer;
};

const SECRET_PARAMETERS = new Set([
  'TokenCode',
  'SigninToken',
  'Session',
  'WebIdentityToken',
  'SAMLAssertion',
  'AuthenticationCode1',
  'AuthenticationCode2',
]);

/** Parameters as they are recorded: secrets by name only. */
export function withoutSecrets(parameters: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...parameters].map(([name, value]) => [name, SECRET_PARAMETERS.has(name) ? '(not recorded)' : value]),
  );
}

export function htmlAnswer(status: number, body: string, headers: Answer['headers'] = {}): Answer {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      ...headers,
    },
    body,
  };
}

export function redirectTo(location: string, headers: Answer['headers'] = {}): Answer {
  return { status: 302, headers: { location, 'cache-control': 'no-store', ...headers }, body: '' };
}
