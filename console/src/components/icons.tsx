/** Drawings that repeat what the text beside them says: hidden from screen readers. */

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

export function CopyIcon() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M3 10.5A.5.5 0 0 1 2.5 10V4A1.5 1.5 0 0 1 4 2.5h6a.5.5 0 0 1 .5.5" />
    </svg>
  );
}

export function CheckIcon() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="m3 8.5 3.5 3.5L13 4.5" />
    </svg>
  );
}

export function SendIcon() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M8 13V3M3.5 7.5 8 3l4.5 4.5" />
    </svg>
  );
}

export function StopIcon() {
  return (
    <svg class="icon filled" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="4" y="4" width="8" height="8" rx="1.5" />
    </svg>
  );
}
