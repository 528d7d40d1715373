import { render } from 'preact';
import { Popup } from '../../extension/popup/popup.tsx';
import { galleryStates } from './states.ts';

/** Shows the popup in the state named in the address: gallery.html?mfa-wrong */
function show(root: HTMLElement) {
  const shown = galleryStates[location.search.slice(1)];
  if (!shown) {
    const links = Object.keys(galleryStates).map((name) => (
      <li key={name}>
        <a href={`?${name}`}>{name}</a>
      </li>
    ));
    return render(<ul>{links}</ul>, root);
  }
  const nothing = () => undefined;
  render(
    <Popup
      shown={{ hasRows: false, query: '' }}
      mode={shown.mode ?? 'popup'}
      state={shown.state}
      cached={shown.cached}
      recent={{}}
      isolation={shown.isolation ?? 'containers'}
      send={nothing}
      close={nothing}
    />,
    root,
  );
}

const root = document.querySelector<HTMLElement>('#popup');
if (root) show(root);
