import { createHmac, randomBytes } from 'node:crypto';
import type { SamlProvider, State } from './state.ts';
import { xml } from './xml.ts';

export const AWS_AUDIENCE = 'https://signin.aws.amazon.com/saml';
export const ATTRIBUTES = 'https://aws.amazon.com/SAML/Attributes/';

export type SamlProviderOptions = {
  /** The account that knows the identity provider. */
  readonly account: string;
  /** `corp` if not given. */
  readonly name?: string;
};

export type AssertionOptions = {
  /** ARNs of roles that the assertion is good for. */
  readonly roles: readonly string[];
  /** The provider before the role, as some identity providers write the pair. */
  readonly isProviderFirst?: boolean;
  /** Now if not given; from a minute before it for five minutes after it. */
  readonly issuedAt?: Date;
  readonly audience?: string;
  /** None: an assertion without a RoleSessionName. */
  readonly sessionName?: string | undefined;
  /** When the session at the identity provider ends; in eight hours if not given. */
  readonly sessionEndsAt?: Date;
};

export type SamlHandle = {
  readonly providerArn: string;
  /** A SAML response in base64, as a browser would post it to AWS. */
  readonly assertion: (options: AssertionOptions) => string;
};

/** A SAML identity provider that the account knows; a role that is to be assumed with its assertions trusts `providerArn`. */
export function addSamlProvider(state: State, { account, name = 'corp' }: SamlProviderOptions): SamlHandle {
  const arn = `arn:aws:iam::${account}:saml-provider/${name}`;
  const provider = { arn, issuer: `https://${name}.example.com/saml`, secret: randomBytes(32).toString('hex') };
  state.samlProviders.set(arn, provider);
  return { providerArn: arn, assertion: (options) => assertionOf(provider, options, state.now()) };
}

/** What stands for the signature of the identity provider: a change of anything in the response breaks it. */
export function signatureOf({ secret }: SamlProvider, unsigned: string): string {
  return createHmac('sha256', secret).update(unsigned).digest('base64');
}

function assertionOf(provider: SamlProvider, options: AssertionOptions, now: Date): string {
  const { roles, isProviderFirst = false, issuedAt = now, audience = AWS_AUDIENCE } = options;
  const { sessionEndsAt = new Date(now.getTime() + 8 * 3_600_000) } = options;
  const sessionName = 'sessionName' in options ? options.sessionName : 'ada@example.com';
  const at = (seconds: number): string => new Date(issuedAt.getTime() + seconds * 1000).toISOString();
  const attribute = (attributeName: string, values: readonly string[]): string => {
    const all = values.map((value) => `<saml:AttributeValue>${xml(value)}</saml:AttributeValue>`).join('');
    return `<saml:Attribute Name="${ATTRIBUTES}${attributeName}">${all}</saml:Attribute>`;
  };
  const pairs = roles.map((role) => (isProviderFirst ? [provider.arn, role] : [role, provider.arn]).join(','));
  const attributes = [
    attribute('Role', pairs),
    ...(sessionName === undefined ? [] : [attribute('RoleSessionName', [sessionName])]),
  ];
  const unsigned = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_${randomBytes(8).toString('hex')}" Version="2.0" IssueInstant="${at(0)}">
<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" IssueInstant="${at(0)}">
<saml:Issuer>${provider.issuer}</saml:Issuer>
<saml:Subject><saml:NameID>ada@example.com</saml:NameID></saml:Subject>
<saml:Conditions NotBefore="${at(-60)}" NotOnOrAfter="${at(300)}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="${at(0)}" SessionNotOnOrAfter="${sessionEndsAt.toISOString()}"/>
<saml:AttributeStatement>${attributes.join('')}</saml:AttributeStatement>
</saml:Assertion></samlp:Response>`;
  const signature = `<ds:SignatureValue>${signatureOf(provider, unsigned)}</ds:SignatureValue>`;
  return Buffer.from(unsigned.replace('</samlp:Response>', `${signature}</samlp:Response>`)).toString('base64');
}
