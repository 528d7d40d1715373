import type { Credentials } from './credentials.ts';
import {
  checkRegion,
  type EndpointService,
  endpointSettings,
  missingHostHint,
  type ProfileEndpoints,
} from './endpoint.ts';
import type { Env } from './profile.ts';
import { type ServiceCall, serviceError } from './service-error.ts';

/** How to reach an AWS service and as whom. Nothing else decides: no other environment, no file, no provider chain. */
export type ServiceOptions = ProfileEndpoints & {
  readonly region: string;
  /** Asks the one global STS for the regions it has always served (`sts_regional_endpoints = legacy`). */
  readonly usesLegacySts?: boolean | undefined;
  readonly usesFips?: boolean | undefined;
  readonly usesDualstack?: boolean | undefined;
  /** The profile's `ca_bundle`; AWS_CA_BUNDLE wins over it. */
  readonly caBundle?: string | undefined;
  readonly credentials: Credentials;
  readonly env: Env;
  readonly signal: AbortSignal;
  /** For an operation that must not be done twice: a failure is not followed by another attempt. */
  readonly isOnce?: boolean;
};

/** The same for an operation that takes no signature; `secrets` must not come back in AWS's words, such as a token sent. */
export type UnsignedOptions = Omit<ServiceOptions, 'credentials'> & {
  readonly credentials?: undefined;
  readonly secrets: readonly string[];
};

export type CallOptions = ServiceOptions | UnsignedOptions;

/** The part of the SDK's request that AWS's query and REST services use. */
type SdkRequest = {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

type SdkClient = { readonly middlewareStack: { remove(name: string): boolean } };

/**
 * The settings of an SDK client. Each one the SDK would otherwise look up in the process environment or in ~/.aws has an
 * explicit value, so that a client depends on `options` alone (test/contract/aws-edge.test.ts poisons both).
 */
export function clientSettings(
  options: CallOptions,
  service: ServiceCall['service'],
  seen: (skewMs: number) => void = () => undefined,
) {
  const { credentials } = options;
  const region = checkRegion(options.region);
  return {
    region,
    credentials: credentials === undefined ? noCredentials : sdkCredentials(credentials),
    ...endpointSettings(ENDPOINT_NAMES[service], options.env, options),
    ignoreConfiguredEndpointUrls: true,
    defaultsMode: 'standard' as const, // a literal of the SDK's union
    retryMode: 'standard',
    maxAttempts: options.isOnce === true ? 1 : 3,
    // The lifetimes of cached sessions rest on this machine's clock, and so do the programs that get the credentials: a
    // wrong clock is reported (AWS_CLOCK_SKEW), not worked around for one call.
    disableClockSkewCorrection: true,
    authSchemePreference: [],
    sigv4aSigningRegionSet: [],
    userAgentAppId: async () => undefined,
    defaultUserAgentProvider: async (): Promise<[string][]> => [['keyturn']],
    requestHandler: requestHandler(options, seen),
  };
}

const ENDPOINT_NAMES: { readonly [S in ServiceCall['service']]: EndpointService } = {
  STS: 'STS',
  IAM: 'IAM',
  SSO: 'SSO',
  'SSO OIDC': 'SSO_OIDC',
  Signin: 'SIGNIN_OAUTH',
};

function sdkCredentials({ accessKeyId, secretAccessKey, sessionToken }: Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

/** An SDK that should want to sign all the same must not look for credentials of its own. */
async function noCredentials(): Promise<never> {
  throw new Error('this operation takes no signature');
}

function requestHandler(options: CallOptions, seen: (skewMs: number) => void) {
  // A connection that was kept from another call may break with nobody knowing whether the request was served; such a request is
  // sent again. Connections belong to an environment: in a copy of it there are none yet.
  const route = options.isOnce === true ? { ...options, env: { ...options.env } } : options;
  return {
    async handle({ method, protocol, hostname, port, path, query, headers, body }: SdkRequest) {
      const { send } = await import('./connection.ts');
      const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
      for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, String(value ?? ''));
      const answer = await send({ method, url, headers, body }, route);
      seen(skewBetween(headers['x-amz-date'], answer.headers.date));
      return { response: answer };
    },
    destroy: () => undefined,
  };
}

/** How far AWS's clock is ahead of the one that signed, as both were seen in one exchange; NaN where one did not say. */
function skewBetween(signedAt: string | undefined, answeredAt: string | undefined): number {
  const [, day = '', time = ''] = /^(\d{8})T(\d{6})Z$/.exec(signedAt ?? '') ?? [];
  const iso = `${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`;
  return Date.parse(answeredAt ?? '') - Date.parse(iso);
}

/**
 * One call of a service: `run` makes the client of these settings and sends the command. Up to three attempts where AWS or
 * the network asks for another.
 * @throws VaultError by the table in service-error.ts
 */
export async function callService<Client extends SdkClient, Output>(
  call: ServiceCall,
  options: CallOptions,
  run: {
    readonly client: (settings: ReturnType<typeof clientSettings>) => Client;
    readonly send: (client: Client, options: { readonly abortSignal: AbortSignal }) => Promise<Output>;
  },
): Promise<Output> {
  const { signal } = options;
  let skewMs = Number.NaN;
  const settings = clientSettings(options, call.service, (measured) => {
    skewMs = measured;
  });
  try {
    const client = run.client(settings);
    // It reads AWS Lambda's trace variables from the process environment.
    client.middlewareStack.remove('recursionDetectionMiddleware');
    return await run.send(client, { abortSignal: signal });
  } catch (error) {
    throw serviceError(error, {
      ...call,
      secrets: secretsOf(options),
      hint: missingHostHint(call.service, options),
      skewMs,
      isCancelled: signal.aborted,
    });
  }
}

function secretsOf(options: CallOptions): readonly string[] {
  if (options.credentials === undefined) return options.secrets;
  const { secretAccessKey, sessionToken } = options.credentials;
  return sessionToken === undefined ? [secretAccessKey] : [secretAccessKey, sessionToken];
}
