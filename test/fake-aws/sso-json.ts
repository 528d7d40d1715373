import type { AwsError } from './aws-error.ts';
import type { Operation, Request } from './request.ts';
import { newRequestId } from './state.ts';

export type JsonBody = Readonly<Record<string, unknown>>;

/** The body as an object; `undefined` for anything else. */
export function jsonBody({ body, headers }: Request): JsonBody | undefined {
  if (!(headers['content-type'] ?? '').startsWith('application/json')) return undefined;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Refusal = (message: string) => AwsError;

export function requiredString(body: JsonBody, name: string, refusal: Refusal): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw refusal(`${name} is missing`);
}

export function optionalTexts(body: JsonBody, name: string, refusal: Refusal): readonly string[] {
  const value = body[name] ?? [];
  if (!Array.isArray(value) || !value.every((one): one is string => typeof one === 'string')) {
    throw refusal(`${name} is not a list of strings`);
  }
  return value;
}

type JsonOperation = Pick<Operation, 'service' | 'name' | 'parameters'> & {
  readonly answer: () => string;
  readonly errorBody: (error: { readonly code: string; readonly message: string }) => object;
};

/** An operation that answers JSON and names its errors in a header, as AWS's REST services do. */
export function jsonOperation({ answer, errorBody, ...operation }: JsonOperation): Operation {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return {
    ...operation,
    accessKeyId: undefined,
    run: () => ({ status: 200, headers: { ...headers, 'x-amzn-requestid': newRequestId() }, body: answer() }),
    refuse: ({ status, code, message }) => ({
      status,
      headers: {
        ...headers,
        'x-amzn-requestid': newRequestId(),
        'x-amzn-errortype': `${code}:http://internal.amazon.com/`,
      },
      body: JSON.stringify(errorBody({ code, message })),
    }),
  };
}
