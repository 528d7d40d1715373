import type https from 'node:https';

/** Stands in for node:https in the SDK's own handler of requests, which ours replaces: TLS takes 4 MB and 10 ms to load. */
// biome-ignore lint/style/noDefaultExport: its importer wants the default export of node:https
export default {
  get Agent(): typeof https.Agent {
    return process.getBuiltinModule('node:https').Agent;
  },
  get request(): typeof https.request {
    return process.getBuiltinModule('node:https').request;
  },
};
