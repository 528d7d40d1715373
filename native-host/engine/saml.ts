import type { SamlSource } from '../aws/profile.ts';
import { rolePairsIn } from '../aws/saml-assertion.ts';
import { assumeRoleWithSaml } from '../aws/sts.ts';
import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Source } from './credentials.ts';
import { outputOf } from './profile-program.ts';
import { serviceReach } from './service-options.ts';

/** STS takes 100 000 characters; a program may break them into lines. */
const OUTPUT = { some: 'an assertion', none: 'no assertion', maxBytes: 128 * 1024 };
const MAX_CHARS = 100_000;

/**
 * Temporary credentials of a role for the SAML response that `saml_process` prints, in base64. `durationSeconds`: 900-43200, at
 * most the role's own limit and the SessionNotOnOrAfter of the assertion. The assertion names the session too.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CONFIG_INVALID (a role it does not offer), AWS_CREDENTIALS_INVALID, AWS_*
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
 */
export const saml: Source<'saml'> = async ({ profile, roleArn, duration, saml: source }, { context }) => {
  const assertion = await assertionOf(source, profile.name, context);
  return assumeRoleWithSaml(serviceReach(profile, context), {
    roleArn,
    principalArn: source.principalArn ?? principalFor(roleArn, assertion, profile.name),
    samlAssertion: assertion,
    durationSeconds: duration.seconds,
  });
};

async function assertionOf({ process: command }: SamlSource, profile: string, context: Context): Promise<string> {
  const printed = await outputOf({ setting: 'saml_process', command, profile, output: OUTPUT }, context);
  const assertion = printed.replace(/\s+/g, '');
  const fail = (reason: string): VaultError => {
    const message = `the saml_process of profile ${JSON.stringify(profile)}: ${reason}; it must print the SAML response in base64, as the browser posts it to AWS, and nothing else`;
    return new VaultError('PROCESS_FAILED', message, { details: { profile } });
  };
  if (printed.startsWith('<')) throw fail('it printed XML');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(assertion)) throw fail('what it printed is not base64');
  if (!textOf(assertion).trimStart().startsWith('<')) throw fail('what it printed is no SAML response');
  if (assertion.length > MAX_CHARS)
    throw fail(`the assertion has ${assertion.length} characters, and AWS takes 100000`);
  return assertion;
}

/** The identity provider that the assertion names for this role. */
function principalFor(roleArn: string, assertion: string, profile: string): string {
  const pairs = rolePairsIn(textOf(assertion));
  const pair = pairs.find((one) => one.roleArn === roleArn);
  if (pair !== undefined) return pair.principalArn;
  const offered =
    pairs.length === 0
      ? 'names no roles that could be read; set principal_arn to the ARN of the SAML provider'
      : `is not for ${roleArn}, but for ${pairs.map((one) => one.roleArn).join(', ')}; set role_arn to one of these`;
  const message = `profile ${JSON.stringify(profile)} cannot be used: the assertion that its saml_process prints ${offered}`;
  throw new VaultError('CONFIG_INVALID', message, { details: { profile } });
}

function textOf(assertion: string): string {
  return Buffer.from(assertion, 'base64').toString('utf8');
}
