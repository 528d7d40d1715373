import { type Arn, arnResource, isAssumedRole, parseArn } from '../aws/arn.ts';
import type { Credentials } from '../aws/credentials.ts';
import type { Partition } from '../aws/partition.ts';
import { getSigninToken, signinUrl } from '../aws/signin.ts';
import { getCallerIdentity, getFederationToken, type ServiceOptions } from '../aws/sts.ts';
import { VaultError } from '../errors.ts';

export type ConsoleUrlOptions = {
  /** Where and how to reach AWS, signed with the credentials to sign in with. */
  readonly service: ServiceOptions;
  readonly partition: Partition;
  /** The page to open. */
  readonly destination: string;
  /** Whether `service.credentials` are known to be a role's, which the federation endpoint takes as they are. */
  readonly isRole: boolean;
  readonly federationSeconds: number;
  /** For a role assumed by a user's own key: how long the console session is to last. */
  readonly sessionDurationSeconds?: number | undefined;
  readonly signsOutFirst?: boolean | undefined;
};

export type ConsoleUrl = {
  readonly url: string;
  /** Whether a user was signed in: with a federation token, which AWS gives without any MFA. */
  readonly isUser: boolean;
  readonly isDurationTaken: boolean;
};

const ISSUER = 'keyturn';

/**
 * A console sign-in URL, good once and for 15 minutes. A role's credentials go to the federation endpoint as they are; a
 * user's stored key becomes a GetFederationToken session first, because AWS takes no other credentials of a user there.
 * @throws VaultError AWS_*
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
export async function consoleUrl(options: ConsoleUrlOptions): Promise<ConsoleUrl> {
  const { service, partition, destination, sessionDurationSeconds, signsOutFirst } = options;
  const { credentials, isUser } = options.isRole
    ? { credentials: service.credentials, isUser: false }
    : await federated(options);
  const { token, isDurationTaken } = await getSigninToken({
    ...service,
    partition,
    credentials,
    sessionDurationSeconds: isUser ? undefined : sessionDurationSeconds,
  });
  const parts = { partition, destination, signinToken: token, env: service.env, issuer: ISSUER, signsOutFirst };
  return { url: signinUrl(parts), isUser, isDurationTaken };
}

type Federated = { readonly credentials: Credentials; readonly isUser: boolean };

async function federated({ service, federationSeconds }: ConsoleUrlOptions): Promise<Federated> {
  const arn = parseArn((await getCallerIdentity(service)).arn);
  if (isAssumedRole(arn) || isFederatedUser(arn)) return { credentials: service.credentials, isUser: false };
  if (service.credentials.sessionToken !== undefined) throw sessionOfUser(arn);
  const request = { name: federatedUserName(arn), durationSeconds: federationSeconds };
  return { credentials: await getFederationToken(service, request), isUser: true };
}

/** What GetFederationToken gave is what the endpoint takes; a second one cannot be made of it. */
function isFederatedUser(arn: Arn): boolean {
  return arn.service === 'sts' && arn.resource.startsWith('federated-user/');
}

/** Known to be refused: GetFederationToken takes long-term keys only, and the sign-in endpoint no GetSessionToken session. */
function sessionOfUser(arn: Arn): VaultError {
  const user = arnResource(arn).name || 'root';
  const message = `these credentials are a session (GetSessionToken) of the user ${JSON.stringify(user)}, and AWS opens no console with one, nor gives it a GetFederationToken; use the user's own key, or a role`;
  return new VaultError('AWS_ACCESS_DENIED', message, { details: { operation: 'GetFederationToken' } });
}

/** The user's own name as GetFederationToken takes it: 2-32 characters of a small set. The root user has none. */
function federatedUserName(arn: Arn): string {
  const { name, type } = arnResource(arn);
  return (name || type)
    .replace(/[^\w+=,.@-]/g, '-')
    .slice(0, 32)
    .padEnd(2, '-');
}
