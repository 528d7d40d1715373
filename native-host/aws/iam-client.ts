import type { IAMClient } from '@aws-sdk/client-iam';
import { defaultRegion, partitionOfRegion } from './partition.ts';
import type { ServiceOptions } from './service-client.ts';

/** The part of the SDK that one file of operations uses: its commands, and the client that sends them. */
type IamSdk = { readonly IAMClient: typeof IAMClient };
type Sending = { readonly abortSignal: AbortSignal };

/**
 * Sends IAM's operations. `loadSdk` names the commands one by one, so that a bundle holds these operations and not the whole client.
 */
export function iamCaller<Sdk extends IamSdk>(loadSdk: () => Promise<Sdk>) {
  return async function call<Output>(
    operation: string,
    options: ServiceOptions,
    send: (client: IAMClient, sdk: Sdk, sending: Sending) => Promise<Output>,
  ): Promise<Output> {
    const [sdk, { callService }] = await Promise.all([loadSdk(), import('./service-client.ts')]);
    // IAM is one service for a whole partition and takes signatures of one region only, also behind another endpoint.
    const region = defaultRegion(partitionOfRegion(options.region));
    return callService(
      { service: 'IAM', operation },
      { ...options, region },
      {
        client: (settings) => new sdk.IAMClient(settings),
        send: (client, sending) => send(client, sdk, sending),
      },
    );
  };
}
