import { AwsError, accessDenied, validationError } from './aws-error.ts';
import { durationSeconds, requiredText } from './parameters.ts';
import type { State, WebIdentity } from './state.ts';
import { credentialsXml, newSession } from './sts.ts';
import type { XmlContent } from './xml.ts';

const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const PROVIDER = 'oidc-provider/';

function identityOf(state: State, token: string): WebIdentity {
  if (!JWT.test(token)) {
    const message = 'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)';
    throw new AwsError(400, 'InvalidIdentityToken', message);
  }
  const identity = state.webIdentities.get(token);
  if (identity === undefined) {
    throw new AwsError(400, 'InvalidIdentityToken', "Couldn't retrieve verification key from your identity provider");
  }
  const [now, end] = [state.now(), identity.expiresAt].map((moment) => Math.floor(moment.getTime() / 1000));
  if (identity.expiresAt <= state.now()) {
    const message = `Token expired: current date/time ${now} must be before the expiration date/time ${end}`;
    throw new AwsError(400, 'ExpiredTokenException', message);
  }
  return identity;
}

/**
 * AssumeRoleWithWebIdentity, which nobody signs: the token says who asks.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export function assumeRoleWithWebIdentity(state: State, form: URLSearchParams): XmlContent {
  const roleArn = requiredText(form, 'RoleArn', { pattern: /^[\s\S]*$/, min: 20, max: 2048 });
  const name = requiredText(form, 'RoleSessionName', { pattern: /^[\w+=,.@-]*$/, min: 2, max: 64 });
  const token = requiredText(form, 'WebIdentityToken', { pattern: /^[\s\S]*$/, min: 4, max: 20_000 });
  const seconds = durationSeconds(form, { min: 900, max: 43_200, otherwise: 3600 });
  const { providerArn, subject, audience } = identityOf(state, token);
  const role = state.roles.get(roleArn);
  if (role === undefined || !role.trusts.includes(providerArn)) {
    throw accessDenied('Not authorized to perform sts:AssumeRoleWithWebIdentity');
  }
  if (seconds > role.maxSessionDurationSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  const session = newSession(state, seconds, {
    type: 'role',
    role,
    isChained: false,
    account: role.account,
    partition: role.partition,
    arn: `arn:${role.partition}:sts::${role.account}:assumed-role/${role.name}/${name}`,
    userId: `${role.roleId}:${name}`,
    sourceAccessKeyId: '',
    tags: {},
    transitiveTagKeys: [],
    sourceIdentity: undefined,
    policy: undefined,
  });
  return {
    SubjectFromWebIdentityToken: subject,
    Audience: audience,
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
    Credentials: credentialsXml(session),
    Provider: providerArn.slice(providerArn.indexOf(PROVIDER) + PROVIDER.length),
  };
}
