/** Asks AWS who the credentials of the environment belong to: `aws sts get-caller-identity`, where there is no AWS CLI. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const { UserId, Account, Arn } = await new STSClient().send(new GetCallerIdentityCommand());
process.stdout.write(`${JSON.stringify({ UserId, Account, Arn }, undefined, 4)}\n`);
