import { defaultRegion, partitionOfRegion } from './partition.ts';
import type { ServiceOptions } from './service-client.ts';
import { notAwsAnswer, type ServiceCall } from './service-error.ts';

export type IamUser = { readonly userName: string; readonly arn: string };

const GET_USER: ServiceCall = { service: 'IAM', operation: 'GetUser' };

/**
 * An IAM user; without a name, the one whose credentials these are.
 * @throws VaultError AWS_REJECTED where a role asks without a name, CONFIG_INVALID, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
 */
export async function getUser(options: ServiceOptions, request: { readonly userName?: string } = {}): Promise<IamUser> {
  const { userName } = request;
  const [{ IAMClient, GetUserCommand }, { callService }] = await Promise.all([
    import('@aws-sdk/client-iam'),
    import('./service-client.ts'),
  ]);
  // IAM is one service for a whole partition and takes signatures of one region only, also behind another endpoint.
  const region = defaultRegion(partitionOfRegion(options.region));
  const { User } = await callService(
    GET_USER,
    { ...options, region },
    {
      client: (settings) => new IAMClient(settings),
      send: (client, sending) =>
        client.send(new GetUserCommand(userName === undefined ? {} : { UserName: userName }), sending),
    },
  );
  if (!User?.UserName || !User.Arn) throw notAwsAnswer(GET_USER);
  return { userName: User.UserName, arn: User.Arn };
}
