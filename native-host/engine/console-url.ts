import { type Arn, arnResource, isAssumedRole, parseArn } from '../aws/arn.ts';
import type { Credentials } from '../aws/credentials.ts';
import { consoleDestination, getSigninToken, signinUrl } from '../aws/signin.ts';
import { getCallerIdentity, getFederationToken, type ServiceOptions } from '../aws/sts.ts';

export type ConsoleUrlOptions = {
  /** Where and how to reach AWS, signed with the credentials to sign in with. */
  readonly service: ServiceOptions;
  /** The region the console opens in; none: AWS's own choice. */
  readonly region?: string | undefined;
  readonly path?: string | undefined;
  /** Whether `service.credentials` are known to be a role's, which the federation endpoint takes as they are. */
  readonly isRole: boolean;
  readonly federationSeconds: number;
};

const ISSUER = 'keyturn';

/**
 * A console sign-in URL, good once and for 15 minutes. A role's credentials go to the federation endpoint as they are; a
 * user's stored key becomes a GetFederationToken session first, because AWS takes no other credentials of a user there.
 * @throws VaultError AWS_*
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
 */
export async function consoleUrl(options: ConsoleUrlOptions): Promise<string> {
  const { service, region, path } = options;
  const credentials = options.isRole ? service.credentials : await federated(options);
  const signinToken = await getSigninToken({ ...service, credentials });
  const destination = consoleDestination({ region, path, partitionRegion: service.region });
  return signinUrl({ region: service.region, destination, signinToken, env: service.env, issuer: ISSUER });
}

async function federated({ service, federationSeconds }: ConsoleUrlOptions): Promise<Credentials> {
  const arn = parseArn((await getCallerIdentity(service)).arn);
  if (isAssumedRole(arn)) return service.credentials;
  return getFederationToken(service, { name: federatedUserName(arn), durationSeconds: federationSeconds });
}

/** The user's own name as GetFederationToken takes it: 2-32 characters of a small set. The root user has none. */
function federatedUserName(arn: Arn): string {
  const { name, type } = arnResource(arn);
  return (name || type)
    .replace(/[^\w+=,.@-]/g, '-')
    .slice(0, 32)
    .padEnd(2, '-');
}
