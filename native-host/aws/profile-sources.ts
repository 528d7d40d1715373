import { readArn } from './arn.ts';
import type { CredentialSource, SamlSource, SsoSource, WebIdentityToken } from './profile.ts';
import type { SettingLookup } from './setting-lookup.ts';
import { parseScopes } from './sso-session.ts';

export const CREDENTIAL_SOURCES = ['Environment', 'EcsContainer', 'Ec2InstanceMetadata'] as const;

/** The role of IAM Identity Center a profile stands for, or what its section lacks to be one. */
export type SsoSettings = { readonly sso?: SsoSource; readonly ssoProblem?: string };

/**
 * The IAM Identity Center settings of a profile: those of its `[sso-session]`, or its own start URL where that stands nearer
 * than the session (aws-vault lets a session inherited from `[default]` win, and signs in to the wrong organisation).
 * Settings that are not complete are no error yet: a profile that inherits them may well have another source.
 */
export function ssoOf(lookup: SettingLookup): SsoSettings {
  const usesSession = lookup.distance('sso_session') <= lookup.distance('sso_start_url');
  const name = usesSession ? lookup.text('sso_session') : undefined;
  if (name === undefined && lookup.distance('sso_start_url') === Number.POSITIVE_INFINITY) return {};
  const session = name === undefined ? undefined : lookup.config.ssoSessions.get(name);
  if (name !== undefined && session === undefined) {
    return { ssoProblem: `sso_session names [sso-session ${name}], which is not in ${lookup.config.path}` };
  }
  const ofInstance = (key: string): string | undefined =>
    session === undefined ? lookup.text(key) : lookup.ofSection(key, session, 'sso-session');
  const startUrl = ofInstance('sso_start_url');
  const region = ofInstance('sso_region');
  const accountId = lookup.text('sso_account_id');
  const roleName = lookup.text('sso_role_name');
  const at = session === undefined ? '' : ` in [sso-session ${session.name}]`;
  if (startUrl === undefined) return { ssoProblem: `sso_start_url is missing${at}` };
  if (region === undefined) return { ssoProblem: `sso_region is missing${at}` };
  if (accountId === undefined) return { ssoProblem: 'sso_account_id is missing' };
  if (roleName === undefined) return { ssoProblem: 'sso_role_name is missing' };
  if (!/^\d{12}$/.test(accountId)) return { ssoProblem: 'sso_account_id must have 12 digits' };
  const scopes = ofInstance('sso_registration_scopes');
  const sso = { startUrl, region, accountId, roleName };
  return {
    sso: {
      ...sso,
      ...(session && { session: session.name }),
      ...(scopes && { registrationScopes: parseScopes(scopes) }),
    },
  };
}

/** The file, where both are named: aws-vault's order. */
export function webIdentityTokenOf(lookup: SettingLookup): WebIdentityToken | undefined {
  const file = lookup.text('web_identity_token_file');
  if (file !== undefined) return { file };
  const process = lookup.text('web_identity_token_process');
  return process === undefined ? undefined : { process };
}

/**
 * What `aws login` wrote: the ARN of who logged in, under which AWS's tools keep the session.
 * @throws VaultError CONFIG_INVALID
 */
export function loginSessionOf(lookup: SettingLookup): string | undefined {
  const setting = lookup.find('login_session');
  if (setting === undefined || readArn(setting.value) !== undefined) return setting?.value;
  throw lookup.invalid(setting, "the ARN that 'aws login' writes there, such as arn:aws:iam::111122223333:user/NAME");
}

const SAML_PROVIDER_ARN = /^arn:[a-z-]+:iam::\d{12}:saml-provider\/[\w.-]{1,128}$/;

/**
 * The program that prints a SAML assertion, and the identity provider in IAM that it is of, in the API's word for it
 * (`PrincipalArn`).
 * @throws VaultError CONFIG_INVALID
 */
export function samlOf(lookup: SettingLookup): SamlSource | undefined {
  const process = lookup.text('saml_process');
  if (process === undefined) return undefined;
  const principal = lookup.find('principal_arn');
  if (principal !== undefined && !SAML_PROVIDER_ARN.test(principal.value)) {
    throw lookup.invalid(principal, 'the ARN of a SAML provider, such as arn:aws:iam::111122223333:saml-provider/NAME');
  }
  return { process, ...(principal && { principalArn: principal.value }) };
}

/**
 * Where the source credentials of a role are. A `source_profile` that stands nearer takes its place; both in one section are
 * a contradiction, as they are for the AWS CLI.
 * @throws VaultError CONFIG_INVALID
 */
export function credentialSourceOf(lookup: SettingLookup): CredentialSource | undefined {
  const isNearer = lookup.distance('source_profile') - lookup.distance('credential_source');
  if (isNearer < 0) return undefined;
  const setting = lookup.find('credential_source');
  if (setting === undefined) return undefined;
  if (isNearer === 0) {
    throw lookup.problem(setting, 'stands beside a source_profile, and one excludes the other: take one of them out');
  }
  const source = CREDENTIAL_SOURCES.find((name) => name === setting.value);
  if (source === undefined) throw lookup.invalid(setting, `one of ${CREDENTIAL_SOURCES.join(', ')}`);
  return source;
}

/**
 * Endpoints by service from the `[services]` section that the profile names: lower-case service id as AWS writes it there
 * (`sts`, `iam`, `sso`, `sso_oidc`) -> URL.
 * @throws VaultError CONFIG_INVALID for a section that is not there
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function serviceEndpointsOf(lookup: SettingLookup): Record<string, string> | undefined {
  const setting = lookup.find('services');
  if (setting === undefined) return undefined;
  const section = lookup.config.services.get(setting.value);
  if (section === undefined) throw lookup.invalid(setting, 'the name of a [services NAME] section of that file');
  const endpoints: Record<string, string> = {};
  for (const key of section.values.keys()) {
    const service = /^(.+)\.endpoint_url$/.exec(key)?.[1];
    const url = service === undefined ? undefined : lookup.ofSection(key, section, 'services');
    if (service !== undefined && url !== undefined) endpoints[service] = url;
  }
  return endpoints;
}
