import { AwsError, accessDenied, validationError } from './aws-error.ts';
import { durationSeconds, requiredText } from './parameters.ts';
import { ATTRIBUTES, AWS_AUDIENCE, signatureOf } from './saml-set-up.ts';
import type { SamlProvider, State } from './state.ts';
import { credentialsXml, newSession } from './sts.ts';
import type { XmlContent } from './xml.ts';

const ANY = /^[\s\S]*$/;
const SIGNATURE = /<ds:SignatureValue>([^<]*)<\/ds:SignatureValue>/;

function invalid(message: string): AwsError {
  return new AwsError(400, 'InvalidIdentityToken', message);
}

function responseIn(form: URLSearchParams): string {
  const assertion = requiredText(form, 'SAMLAssertion', { pattern: ANY, min: 4, max: 100_000 });
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(assertion)) throw invalid('Invalid base64 SAMLResponse');
  const response = Buffer.from(assertion, 'base64').toString('utf8');
  if (!/<samlp:Response[\s\S]*<\/samlp:Response>$/.test(response)) throw invalid('Invalid SAML response');
  return response;
}

function checkSignature(provider: SamlProvider, response: string): void {
  if (textOf(response, 'Issuer') !== provider.issuer) throw invalid('Issuer not present in specified provider');
  const signature = SIGNATURE.exec(response)?.[1];
  if (signature !== signatureOf(provider, response.replace(SIGNATURE, ''))) throw invalid('Response signature invalid');
}

/** An assertion is for AWS, and for the few minutes that its conditions say. */
function checkConditions(response: string, now: Date): void {
  if (textOf(response, 'Audience') !== AWS_AUDIENCE) throw invalid('SAML assertion is for another audience');
  const conditions = /<saml:Conditions [^>]*>/.exec(response)?.[0] ?? '';
  if (momentOf(conditions, 'NotBefore') > now) throw invalid('SAML assertion is not yet valid');
  if (momentOf(conditions, 'NotOnOrAfter') <= now) {
    throw new AwsError(400, 'ExpiredTokenException', 'Token must be redeemed within 5 minutes of issuance');
  }
}

function textOf(response: string, element: string): string | undefined {
  return new RegExp(`<saml:${element}>([^<]*)<`).exec(response)?.[1];
}

function momentOf(element: string, attribute: string): Date {
  const text = new RegExp(`\\b${attribute}="([^"]*)"`).exec(element)?.[1] ?? '';
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw invalid(`SAML assertion has no ${attribute}`);
  return moment;
}

function valuesOf(response: string, attribute: string): string[] {
  const element = new RegExp(`<saml:Attribute Name="${ATTRIBUTES}${attribute}">(.*?)</saml:Attribute>`).exec(response);
  return [...(element?.[1] ?? '').matchAll(/<saml:AttributeValue>([^<]*)</g)].map(([, value = '']) => value);
}

/**
 * AssumeRoleWithSAML, which nobody signs: the assertion says who asks, and for which roles.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
 */
export function assumeRoleWithSaml(state: State, form: URLSearchParams): XmlContent {
  const roleArn = requiredText(form, 'RoleArn', { pattern: ANY, min: 20, max: 2048 });
  const principalArn = requiredText(form, 'PrincipalArn', { pattern: ANY, min: 20, max: 2048 });
  const wanted = durationSeconds(form, { min: 900, max: 43_200, otherwise: 3600 });
  const response = responseIn(form);
  const provider = state.samlProviders.get(principalArn);
  if (provider === undefined) throw invalid("Specified provider doesn't exist");
  checkSignature(provider, response);
  checkConditions(response, state.now());
  const [name] = valuesOf(response, 'RoleSessionName');
  if (name === undefined) throw invalid('RoleSessionName is required in AuthnResponse');
  const pairs = [`${roleArn},${principalArn}`, `${principalArn},${roleArn}`];
  const role = state.roles.get(roleArn);
  if (!valuesOf(response, 'Role').some((value) => pairs.includes(value)) || !role?.trusts.includes(principalArn)) {
    throw accessDenied('Not authorized to perform sts:AssumeRoleWithSAML');
  }
  if (wanted > role.maxSessionDurationSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  const left = (momentOf(response, 'SessionNotOnOrAfter').getTime() - state.now().getTime()) / 1000;
  const session = newSession(state, Math.min(wanted, Math.floor(left)), {
    ...{ type: 'role', role, isChained: false, account: role.account, partition: role.partition },
    arn: `arn:${role.partition}:sts::${role.account}:assumed-role/${role.name}/${name}`,
    userId: `${role.roleId}:${name}`,
    ...{ sourceAccessKeyId: '', tags: {}, transitiveTagKeys: [], sourceIdentity: undefined, policy: undefined },
  });
  return {
    ...{ Issuer: provider.issuer, Subject: 'ada@example.com', SubjectType: 'unspecified', Audience: AWS_AUDIENCE },
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
    Credentials: credentialsXml(session),
  };
}
