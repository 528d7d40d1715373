import { AwsError } from './aws-error.ts';
import { type Answer, htmlAnswer, type Operation, type Request } from './request.ts';
import { jsonBody, jsonOperation, requiredString } from './sso-json.ts';
import type { SsoDevice } from './sso-state.ts';
import { noteVisit } from './sso-visits.ts';
import type { State } from './state.ts';

/**
 * The device page of an access portal, as AWS's is: an application on one page whose routes stand in the fragment, with a field for the code, a
 * step that confirms it, and one that allows it. The names of its elements are AWS's.
 */
const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>AWS access portal</title><style>
body { margin: 0; background: #f2f3f3; color: #16191f; font: 16px/24px system-ui, sans-serif; }
main { max-width: 480px; margin: 12vh auto; padding: 32px; background: #fff; border: 1px solid #d5dbdb; border-radius: 12px; }
h1 { margin: 0 0 12px; font-size: 24px; } input { font: 20px ui-monospace, monospace; padding: 8px; width: 100%; box-sizing: border-box; }
button { margin: 20px 8px 0 0; padding: 8px 20px; font: inherit; font-weight: 600; border-radius: 20px; border: 1px solid #0972d3; background: #0972d3; color: #fff; }
.note { color: #5f6b7a; font-size: 13px; }
</style></head><body><main id="app"></main><script>
const app = document.getElementById('app');
const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const post = async (step, body) => {
  const answer = await fetch('/start/device/' + step, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { isOk: answer.ok, ...(await answer.json()) };
};
const show = (title, ...children) => app.replaceChildren(element('h1', { textContent: title }), ...children, element('p', { className: 'note', textContent: 'A test stand-in for the access portal: nothing here is real.' }));
const note = (textContent) => element('p', { textContent });
// As a framework does: what was set without an event is not the field's value.
let value = '';
const field = () => {
  const made = element('input', { id: 'verification_code', autocomplete: 'off' });
  made.addEventListener('input', () => { value = made.value; });
  return made;
};
const confirm = async () => {
  const { isOk, clientName, message } = await post('confirm', { userCode: value });
  if (!isOk) return show('Request refused', note(message));
  const allow = element('button', { id: 'cli_login_button', textContent: 'Allow access' });
  allow.dataset.testid = 'allow-access-button';
  const deny = element('button', { id: 'cli_deny_button', textContent: 'Deny access' });
  const decide = (consent) => async () => {
    await post('decide', { userCode: value, consent });
    show(consent === 'allow' ? 'Request approved' : 'Request denied', note('You can close this window.'));
  };
  allow.addEventListener('click', decide('allow'));
  deny.addEventListener('click', decide('deny'));
  show('Allow ' + clientName + ' to access your data?', allow, deny);
};
const route = () => {
  const [path, query = ''] = location.hash.slice(1).split('?');
  if (path !== '/device') return show('Your accounts');
  value = new URLSearchParams(query).get('user_code') ?? '';
  const send = element('button', { id: 'cli_verification_btn', textContent: 'Confirm and continue' });
  send.addEventListener('click', confirm);
  if (value === '') show('Authorization requested', note('Enter the code that your device shows.'), field(), send);
  else show('Authorization requested', note('Confirm that this code is the one your device shows:'), element('p', { id: 'code', textContent: value }), send);
};
addEventListener('hashchange', route);
route();
</script></body></html>
`;

const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";

function refusal(message: string): AwsError {
  return new AwsError(400, 'InvalidRequestException', message);
}

/** The device a code is of, at the portal of its own organisation. */
function deviceOf(state: State, request: Request): SsoDevice {
  const body = jsonBody(request) ?? {};
  const bare = (code: string): string => code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
  const userCode = bare(requiredString(body, 'userCode', refusal));
  const device = state.sso.devices.find((one) => bare(one.userCode) === userCode);
  const isHere = device !== undefined && new URL(device.instance.startUrl).host === request.host;
  if (!isHere || device.expiresAt <= state.now() || device.status === 'used') throw refusal('This code is not known.');
  return device;
}

function page(state: State, request: Request): Answer {
  const instance = state.sso.instances.find(({ startUrl }) => new URL(startUrl).host === request.host);
  if (instance === undefined) return htmlAnswer(404, '<!doctype html><title>No such portal</title>\n');
  const cookie = noteVisit(state, request, instance);
  return htmlAnswer(200, PAGE, { ...cookie, 'content-security-policy': POLICY });
}

function decide(state: State, request: Request): object {
  const device = deviceOf(state, request);
  device.status = jsonBody(request)?.consent === 'allow' ? 'allowed' : 'denied';
  return {};
}

type Step = { readonly name: string; readonly run: (state: State, request: Request) => object };

const STEPS: { readonly [path: string]: Step } = {
  '/start/device/confirm': {
    name: 'ConfirmUserCode',
    run: (state, request) => ({ clientName: deviceOf(state, request).client.clientName }),
  },
  '/start/device/decide': { name: 'DecideUserCode', run: decide },
};

/** The access portal's page and what its script asks. */
export function ssoDeviceOperation(state: State, request: Request): Operation | undefined {
  const { place, method, path } = request;
  if (place.kind !== 'access-portal') return undefined;
  if (method === 'GET' && /^\/start\/?$/.test(path)) {
    const refuse: Operation['refuse'] = ({ status, message }) => htmlAnswer(status, message);
    return {
      ...{ service: 'access-portal', name: 'portalPage', parameters: {}, accessKeyId: undefined },
      run: () => page(state, request),
      refuse,
    };
  }
  const step = method === 'POST' ? STEPS[path] : undefined;
  if (step === undefined) return undefined;
  return jsonOperation({
    ...{ service: 'access-portal', name: step.name, parameters: {} },
    answer: () => JSON.stringify(step.run(state, request)),
    errorBody: ({ message }) => ({ message }),
  });
}
