import { argv, stdout } from 'node:process';
import { getUser } from '../../native-host/aws/iam.ts';
import { getRoleCredentials } from '../../native-host/aws/sso.ts';
import { registerClient } from '../../native-host/aws/sso-oidc.ts';
import { assumeRole, getCallerIdentity, type ServiceOptions } from '../../native-host/aws/sts.ts';
import { VaultError } from '../../native-host/errors.ts';

/** A process that calls AWS with nothing but the options in its first argument, and says whom it met. */
type Given = Omit<ServiceOptions, 'signal'> & { readonly roleArn: string };

const { roleArn, ...given } = JSON.parse(argv[2] ?? '{}') as Given; // written by the test that starts this process
const options = { ...given, signal: new AbortController().signal };
const credentials = await assumeRole(options, { roleArn, roleSessionName: 'child', durationSeconds: 900 });
const { arn } = await getCallerIdentity({ ...options, credentials });
const { userName } = await getUser(options);
const { region, env, signal } = options;
const unsigned = { region, env, signal };
await registerClient(unsigned, { clientName: 'child', scopes: [] });
const role = { accountId: '111122223333', roleName: 'Developer' };
const refusal: unknown = await getRoleCredentials({ ...unsigned, accessToken: 'none' }, role).catch((error) => error);
const awsCode = refusal instanceof VaultError ? refusal.details.awsCode : '';
stdout.write(`${arn} ${userName} ${awsCode}`);
