import type { Credentials } from './credentials.ts';
import { dpopProof } from './dpop.ts';
import { checkRegion, endpointSettings } from './endpoint.ts';
import { partitionOfRegion, signinHost } from './partition.ts';
import type { UnsignedOptions } from './service-client.ts';
import { notAwsAnswer } from './service-error.ts';

/** How to reach AWS Sign-In, where `aws login` logs in. Nothing is signed. */
export type SigninOptions = Omit<UnsignedOptions, 'secrets' | 'usesLegacySts'>;

/** The client that every tool is which opens the page on this machine. */
export const CLIENT_ID = 'arn:aws:signin:::devtools/same-device';

export type AuthorizationRequest = {
  readonly redirectUri: string;
  readonly state: string;
  /** SHA-256 of the verifier, base64url. */
  readonly codeChallenge: string;
};

export type LoginCode = {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
  /** PEM (dpop.ts); the tokens are good only with it. */
  readonly dpopKey: string;
};

export type LoginToken = {
  readonly credentials: Credentials & { readonly sessionToken: string };
  readonly expiresInSeconds: number;
  readonly tokenType: string;
  readonly refreshToken: string;
  readonly idToken: string;
};

/**
 * The page on which a person chooses a console session, and allows its use on this machine.
 * @throws VaultError CONFIG_INVALID
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html
 */
export function authorizationUrl(options: SigninOptions, request: AuthorizationRequest): string {
  const region = checkRegion(options.region);
  const { endpoint } = endpointSettings('SIGNIN_OAUTH', options.env, options);
  const url = new URL(`${endpoint ?? `https://${region}.${signinHost(partitionOfRegion(region))}`}/v1/authorize`);
  const parameters = {
    response_type: 'code',
    client_id: CLIENT_ID,
    state: request.state,
    // The service's own name of S256.
    code_challenge_method: 'SHA-256',
    scope: 'openid',
    redirect_uri: request.redirectUri,
    code_challenge: request.codeChallenge,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

type FinalRequest = {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  headers: Record<string, string>;
};

/**
 * The first tokens of a login, for its authorization code.
 * @throws VaultError LOGIN_EXPIRED, AWS_ACCESS_DENIED, AWS_*, CONFIG_INVALID, CANCELLED
 */
export async function createLoginToken(options: SigninOptions, login: LoginCode): Promise<LoginToken> {
  const [{ SigninClient, CreateOAuth2TokenCommand }, { callService }] = await Promise.all([
    import('@aws-sdk/nested-clients/signin'),
    import('./service-client.ts'),
  ]);
  const { code, redirectUri, codeVerifier, dpopKey } = login;
  const tokenInput = { clientId: CLIENT_ID, grantType: 'authorization_code', code, redirectUri, codeVerifier };
  const operation = { service: 'Signin', operation: 'CreateOAuth2Token' } as const; // literals of the union
  const { tokenOutput } = await callService(
    operation,
    { ...options, secrets: [code, codeVerifier] },
    {
      client: (settings) => {
        const client = new SigninClient(settings);
        client.middlewareStack.add(
          (next) => (args) => {
            const request = args.request as FinalRequest; // what the SDK's protocol for HTTP makes
            const { method, protocol, hostname, port, path } = request;
            const url = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`;
            request.headers = { ...request.headers, DPoP: dpopProof(dpopKey, { method, url, at: new Date() }) };
            return next(args);
          },
          { step: 'finalizeRequest', name: 'dpop' },
        );
        return client;
      },
      send: (client, sending) => client.send(new CreateOAuth2TokenCommand({ tokenInput }), sending),
    },
  );
  const { accessToken, tokenType, expiresIn, refreshToken, idToken } = tokenOutput ?? {};
  const { accessKeyId, secretAccessKey, sessionToken } = accessToken ?? {};
  if (!accessKeyId || !secretAccessKey || !sessionToken || !tokenType || !expiresIn || !refreshToken || !idToken) {
    throw notAwsAnswer(operation);
  }
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  return { credentials, expiresInSeconds: expiresIn, tokenType, refreshToken, idToken };
}
