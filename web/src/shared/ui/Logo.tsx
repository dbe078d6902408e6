/** The product's logo; decorative, because the name is beside it. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#10555c" />
      <path
        d="M22.4 11.2A8 8 0 1 0 22.4 20.8"
        fill="none"
        stroke="#fff"
        strokeWidth="3.2"
        strokeLinecap="round"
      />
      <circle cx="16" cy="16" r="2.6" fill="#7fe0d3" />
    </svg>
  );
}
