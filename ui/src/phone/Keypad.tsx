import { buttonClass } from "../parts/Button.tsx"

const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"]
const names: Readonly<Record<string, string>> = { "*": "star", "#": "hash" }

/** The keys of a telephone; with one of them in focus, the keyboard's own digits work too. */
export const Keypad = ({ pressed, press }: { readonly pressed: string; readonly press: (digit: string) => void }) => (
  <div
    role="group"
    aria-label="Keypad"
    onKeyDown={(event) => {
      if (keys.includes(event.key)) press(event.key)
    }}
  >
    <p aria-live="polite" className="text-muted mb-2 min-h-5 text-center font-mono break-all">
      {pressed === "" ? "No keys pressed" : pressed}
    </p>
    <div className="mx-auto grid max-w-60 grid-cols-3 gap-2">
      {keys.map((key) => (
        <button
          key={key}
          type="button"
          aria-label={names[key] ?? key}
          className={`${buttonClass()} min-h-11 text-base`}
          onClick={() => press(key)}
        >
          {key}
        </button>
      ))}
    </div>
  </div>
)
