import { clsx } from "clsx"
import type { ButtonHTMLAttributes } from "react"

export type ButtonLook = "primary" | "plain" | "quiet" | "danger"

const looks: Readonly<Record<ButtonLook, string>> = {
  primary: "bg-accent text-accent-ink border-transparent hover:opacity-95",
  plain: "bg-surface text-ink border-line hover:bg-raised",
  quiet: "bg-transparent text-muted border-transparent hover:bg-raised hover:text-ink",
  danger: "bg-surface text-bad border-line hover:bg-bad-soft"
}

/** The classes of a button, also for a link that looks like one. */
export const buttonClass = (look: ButtonLook = "plain", small = false) =>
  clsx(
    "inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors",
    "disabled:cursor-not-allowed disabled:opacity-50 aria-disabled:opacity-50",
    small ? "min-h-7 px-2 text-xs" : "min-h-9 px-3",
    looks[look]
  )

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: ButtonLook
  readonly small?: boolean
  /** Something is under way: the button cannot be pressed again and says so. */
  readonly busy?: boolean
}

/** A button; `type="button"` unless said otherwise. */
export const Button = ({ look, small, busy = false, disabled, className, children, ...rest }: ButtonProps) => (
  <button
    type="button"
    {...rest}
    disabled={disabled === true || busy}
    aria-busy={busy}
    className={clsx(buttonClass(look, small), className)}
  >
    {busy ? <span className="size-3 animate-spin rounded-full border-2 border-current border-t-transparent" /> : null}
    {children}
  </button>
)

/** A button that is only an icon; `label` is what it is called. */
export const IconButton = ({ label, className, ...rest }: ButtonProps & { readonly label: string }) => (
  <Button look="quiet" {...rest} aria-label={label} title={label} className={clsx("min-w-9 !px-0", className)} />
)
