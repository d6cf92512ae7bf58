/** Drawings that repeat what the text beside them says: hidden from screen readers. */

import type { JSX } from "preact";

/** One of 16 by 16, in the colour of the text beside it. */
function icon(Drawing: () => JSX.Element): () => JSX.Element {
  return () => (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <Drawing />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 8 7 23h18z" />
      <circle cx="16" cy="8" r="4" />
      <circle cx="7" cy="23" r="4" />
      <circle cx="25" cy="23" r="4" />
    </svg>
  );
}

export const CopyIcon = icon(() => (
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M3 10.5A.5.5 0 0 1 2.5 10V4A1.5 1.5 0 0 1 4 2.5h6a.5.5 0 0 1 .5.5" />
  </>
));

export const CheckIcon = icon(() => <path d="m3 8.5 3.5 3.5L13 4.5" />);

export const SendIcon = icon(() => <path d="M8 13V3M3.5 7.5 8 3l4.5 4.5" />);

export function StopIcon() {
  return (
    <svg class="icon filled" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="4" y="4" width="8" height="8" rx="1.5" />
    </svg>
  );
}

export const MeshIcon = icon(() => (
  <>
    <path d="M8 4.5 4.2 11M8 4.5l3.8 6.5M5 12h6" />
    <circle cx="8" cy="3.2" r="1.7" />
    <circle cx="3.3" cy="12" r="1.7" />
    <circle cx="12.7" cy="12" r="1.7" />
  </>
));

export const ModelsIcon = icon(() => (
  <path d="m8 1.8 5.7 3v6.4L8 14.2l-5.7-3V4.8zM2.5 5 8 8m0 0 5.5-3M8 8v6" />
));

export const ChatIcon = icon(() => <path d="M2.5 3h11v8h-6L4 13.8V11H2.5z" />);

export const ActivityIcon = icon(() => <path d="M1.5 8.5h3l2-5.5 3 10 2-4.5h3" />);

export const AgentsIcon = icon(() => <path d="m5 5-3.2 3L5 11m6-6 3.2 3L11 11M9.3 3 6.7 13" />);

export const SunIcon = icon(() => (
  <>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9" />
  </>
));

export const MoonIcon = icon(() => (
  <path d="M13.3 9.6A5.7 5.7 0 0 1 6.4 2.7a5.7 5.7 0 1 0 6.9 6.9z" />
));

export const EditIcon = icon(() => <path d="m10.5 3 2.5 2.5L5.5 13H3v-2.5z" />);

export const AgainIcon = icon(() => <path d="M13 8a5 5 0 1 1-1.6-3.7M13.2 2v2.9h-2.9" />);

export const AttachIcon = icon(() => (
  <path d="m13 7.5-5.3 5.3a3.2 3.2 0 0 1-4.5-4.5l5.6-5.6a2.1 2.1 0 0 1 3 3l-5.5 5.5a1 1 0 0 1-1.5-1.5L9.6 5" />
));

export const SettingsIcon = icon(() => (
  <>
    <path d="M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6" />
    <circle cx="10" cy="4.5" r="1.8" />
    <circle cx="6" cy="11.5" r="1.8" />
  </>
));

export const ExportIcon = icon(() => <path d="M8 2v8M4.8 7 8 10.2 11.2 7M2.5 11.5V14h11v-2.5" />);

export const TrashIcon = icon(() => (
  <path d="M2.5 4.5h11M6 4.5V2.5h4v2M4 4.5l.7 9h6.6l.7-9M6.7 7v4M9.3 7v4" />
));

export const PlusIcon = icon(() => <path d="M8 3v10M3 8h10" />);

export const LeftIcon = icon(() => <path d="M10 3.5 5.5 8l4.5 4.5" />);

export const RightIcon = icon(() => <path d="M6 3.5 10.5 8 6 12.5" />);

export const ListIcon = icon(() => <path d="M2.5 4h11M2.5 8h11M2.5 12h7" />);
