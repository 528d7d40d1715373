import browser, { type Runtime } from 'webextension-polyfill';
import { HOST_NAME } from '../native-host/protocol.ts';
import { badgeOf } from './badge.ts';
import { answerDevicePage } from './device-page/questions.ts';
import { HostConnection } from './host-connection.ts';
import { HostPort } from './host-port.ts';
import { LoginTabs } from './login-tabs.ts';
import { isOwnPage, parseIntent, runIntent } from './messages.ts';
import { noteFocus } from './normal-window.ts';
import { PopupPorts } from './popup-ports.ts';
import { type HostState, hostFailure, POPUP_PORT, type PopupState } from './popup-state.ts';
import { refreshProfiles } from './profile-list.ts';
import { sendToPrompt } from './prompt-answers.ts';
import { PromptWindow } from './prompt-window.ts';
import { SignIns } from './sign-ins.ts';
import { StateStore } from './state-store.ts';
import { readSession, writeSession } from './storage.ts';
import { openForTerminal } from './terminal-opens.ts';

let shownTitle = ''; // a restarted worker shows its badge once more than needed
const RECONNECT_ALARM = 'reconnect';
/** A person has to type the passphrase first. */
const LOCK_MS = 10 * 60_000;

const store = new StateStore();
const popups = new PopupPorts();
const promptWindow = new PromptWindow();
const connection = new HostConnection({
  open: (handlers) =>
    new HostPort({
      port: browser.runtime.connectNative(HOST_NAME),
      lastError: () => browser.runtime.lastError?.message,
      ...handlers,
    }),
  extensionVersion: browser.runtime.getManifest().version,
  onState: (host) => {
    store.set({ host });
    noteHost(host);
    if (host.status === 'failed') loginTabs.endAll();
    if (host.status === 'ready' && popups.isAnyOpen) refresh();
  },
  onPrompts: (prompts) => {
    store.set({ prompts });
    promptWindow.present(prompts, popups.isAnyOpen);
  },
  onLock: (lock) => store.set({ lock }),
  onLogin: (login) => void loginTabs.begin(login), // its failures go to who waits for the login
  onLoginOver: (loginId) => void loginTabs.end(loginId),
  onOpen: (wanted) => void openForTerminal(wanted, connection), // its failures go to the terminal
});
const signIns = new SignIns(connection, store);
const loginTabs = new LoginTabs(connection, store);

store.follow((state) => void showBadge(state)); // a badge that fails to change is changed by the next state

// Listeners are registered before anything is awaited: a restarted worker gets only the events it listens to at once.
browser.runtime.onConnect.addListener(acceptPopup);
browser.runtime.onMessage.addListener((message: unknown, sender: Runtime.MessageSender) =>
  answerDevicePage(message, sender, { ownId: browser.runtime.id, connection, loginTabs }),
);
browser.runtime.onStartup.addListener(() => void connection.keepOpen()); // keepOpen never rejects
browser.runtime.onInstalled.addListener(() => void connection.keepOpen());
browser.alarms.onAlarm.addListener(() => void connection.keepOpen());
browser.tabs.onRemoved.addListener((tabId) => void loginTabs.noteClosed(tabId));
browser.windows.onFocusChanged.addListener((windowId) => void noteFocus(windowId)); // a missed note costs the choice of window only

void browser.alarms.create(RECONNECT_ALARM, { periodInMinutes: 1 }); // the same name: never more than one
void connection.keepOpen();
void Promise.allSettled([signIns.restore(), restoreHost()]).then(() => {
  popups.push(store.state);
  store.follow((state) => popups.push(state));
});

function acceptPopup(port: Runtime.Port) {
  const ours = { id: browser.runtime.id, origin: browser.runtime.getURL('') };
  if (port.name !== POPUP_PORT || !isOwnPage(port.sender, ours)) return port.disconnect();
  popups.accept(port, (message) => {
    const intent = parseIntent(message);
    if (intent) runIntent(intent, handlers);
  });
  refresh();
}

/** Lists the profiles anew; over a connection yet to be made, as soon as it is ready. */
function refresh() {
  if (store.state.host.status === 'ready')
    void refreshProfiles(connection, store); // its failures go to the state
  else void connection.keepOpen();
}

/** For the popup's first paint: losing one write costs nothing. */
function noteHost(host: HostState) {
  if (host.status === 'failed') void writeSession({ hostError: host.error });
  if (host.status === 'ready') void writeSession({ hostError: undefined });
}

/** A new life of the worker does not know yet that the host cannot be used: until it does, what was so before is shown. */
async function restoreHost() {
  const { hostError } = await readSession('hostError');
  if (hostError && store.state.host.status === 'connecting') store.set({ host: hostFailure(hostError) });
}

const handlers: Parameters<typeof runIntent>[1] = {
  openConsole: ({ profile }) => void signIns.open(profile), // its failures go to the state
  cancelSignIn: ({ profile }) => signIns.cancel(profile),
  dismissError: ({ profile }) => signIns.dismiss(profile),
  answerPrompt: ({ promptId, answer }) =>
    void sendToPrompt('answerPrompt', { promptId, answer }, { connection, store }),
  cancelPrompt: ({ promptId }) => void sendToPrompt('cancelPrompt', { promptId }, { connection, store }),
  unlockVault: () => void askLock('unlock'),
  lockVault: () => void askLock('lock'),
  retryHost: refresh,
};

/** Its outcome is told by the lock's own events: a failed or cancelled unlocking leaves it shown as locked. */
async function askLock(action: 'lock' | 'unlock') {
  await connection.call(action, {}, { timeoutMs: LOCK_MS, needs: 'lock' }).catch(() => undefined);
}

async function showBadge(state: PopupState) {
  const { text, colour, title } = badgeOf(state);
  if (title === shownTitle) return;
  shownTitle = title;
  await browser.action.setBadgeBackgroundColor({ color: colour });
  await browser.action.setBadgeText({ text });
  await browser.action.setTitle({ title });
}
