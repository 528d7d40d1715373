import { execFile } from 'node:child_process';
import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, type Credentials, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { FakeAws } from './fake-aws.ts';
import type { AccessKeyPair } from './set-up.ts';

/** The clients the sandbox is tested with: AWS's own SDK and CLI, and a bare HTTP client that can say any Host. */
export type Keys = AccessKeyPair & { readonly sessionToken?: string };

type HttpRequest = Parameters<NodeHttpHandler['handle']>[0];

export type ClientOptions = {
  readonly region?: string;
  /** Changes the request after it was signed. */
  readonly tamper?: (request: HttpRequest) => void;
};

function clientConfig(aws: FakeAws, credentials: Keys, { region = 'eu-west-1', tamper }: ClientOptions) {
  const handler = new NodeHttpHandler();
  const tampering = {
    handle: (one: HttpRequest, options?: Parameters<NodeHttpHandler['handle']>[1]) => {
      tamper?.(one);
      return handler.handle(one, options);
    },
  };
  return { endpoint: aws.url, region, credentials, maxAttempts: 1, requestHandler: tampering };
}

export function stsClient(aws: FakeAws, credentials: Keys, options: ClientOptions = {}): STSClient {
  return new STSClient(clientConfig(aws, credentials, options));
}

export function iamClient(aws: FakeAws, credentials: Keys, options: ClientOptions = {}): IAMClient {
  return new IAMClient(clientConfig(aws, credentials, options));
}

/** An answer's credentials as a client takes them. */
export function keysFrom(credentials: Credentials | undefined): Keys {
  const { AccessKeyId, SecretAccessKey, SessionToken } = credentials ?? {};
  if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined) {
    throw new Error('the answer has no credentials');
  }
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

export async function sessionTokenKeys(aws: FakeAws, keys: Keys, input: object = {}): Promise<Keys> {
  return keysFrom((await stsClient(aws, keys).send(new GetSessionTokenCommand(input))).Credentials);
}

export async function roleKeys(aws: FakeAws, keys: Keys, role: { readonly arn: string }, input = {}): Promise<Keys> {
  const command = new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: 'test', ...input });
  return keysFrom((await stsClient(aws, keys).send(command)).Credentials);
}

export type CliResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** Debian's AWS CLI in an environment of nothing but what is given. */
export async function awsCli(args: readonly string[], env: Readonly<Record<string, string>>): Promise<CliResult> {
  const clean = {
    PATH: '/usr/bin:/bin',
    HOME: '/nonexistent',
    AWS_MAX_ATTEMPTS: '2',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const { promise, resolve } = Promise.withResolvers<CliResult>();
  execFile('/usr/bin/aws', args, { env: { ...clean, ...env } }, (error, stdout, stderr) => {
    resolve({ exitCode: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
  });
  return await promise;
}

export function cliEnv(keys: Keys, region = 'eu-west-1'): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    ...(keys.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: keys.sessionToken }),
  };
}

export type BareRequest = {
  readonly path: string;
  readonly method?: string;
  /** Host header; the sandbox's own if not given. */
  readonly host?: string;
  readonly cookie?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
};

export type BareAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/** One request as it is, redirects and cookies left to the test. */
export async function send(
  aws: FakeAws,
  { path, method = 'GET', host, cookie, form, headers }: BareRequest,
): Promise<BareAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<BareAnswer>();
  const all = {
    ...(host === undefined ? {} : { host }),
    ...(cookie === undefined ? {} : { cookie }),
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    ...headers,
  };
  // The path goes out as it is: `new URL` would tidy it.
  const outgoing = request(aws.url, { path, method, headers: all, agent: false }, (incoming) => {
    text(incoming).then(
      (body) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
      reject,
    );
  });
  outgoing.on('error', reject);
  outgoing.end(form === undefined ? undefined : new URLSearchParams(form).toString());
  return await promise;
}

/** The `name=value` of the cookie an answer sets. */
export function cookieOf(answer: BareAnswer): string {
  return answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';
}

export function federationPath(parameters: Readonly<Record<string, string>>): string {
  return `/federation?${new URLSearchParams(parameters)}`;
}

/** The `Session` parameter of getSigninToken. */
export function sessionJson({ accessKeyId, secretAccessKey, sessionToken }: Keys): string {
  return JSON.stringify({ sessionId: accessKeyId, sessionKey: secretAccessKey, sessionToken });
}
