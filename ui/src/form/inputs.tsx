import { X } from "lucide-react"
import { clsx } from "clsx"
import { type ComponentProps, type ReactNode, type Ref, useState } from "react"
import { IconButton } from "../parts/Button.tsx"

export const inputClass =
  "w-full min-h-9 rounded-md border border-edge bg-surface px-2.5 py-1.5 text-ink placeholder:text-muted/80 aria-invalid:border-bad disabled:opacity-60"

export const TextInput = ({ className, ...rest }: ComponentProps<"input">) => (
  <input {...rest} className={clsx(inputClass, className)} />
)

export const SelectInput = ({ className, ...rest }: ComponentProps<"select">) => (
  <select {...rest} className={clsx(inputClass, className)} />
)

export const TextArea = ({ className, ...rest }: ComponentProps<"textarea">) => (
  <textarea rows={4} {...rest} className={clsx(inputClass, "font-mono text-xs", className)} />
)

/** A label above an input, what it is for, and what is wrong with it. `children` get the ids that join them. */
export const Labelled = ({
  id,
  label,
  required = false,
  description,
  error,
  children
}: {
  readonly id: string
  readonly label: string
  readonly required?: boolean
  readonly description?: ReactNode
  readonly error?: string | undefined
  readonly children: (aria: {
    readonly id: string
    readonly "aria-describedby": string | undefined
    readonly "aria-invalid": boolean
    readonly "aria-required": boolean
  }) => ReactNode
}) => {
  const described = [
    ...(description === undefined ? [] : [`${id}-description`]),
    ...(error === undefined ? [] : [`${id}-error`])
  ]
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
        {required ? <span className="text-muted font-normal"> (required)</span> : null}
      </label>
      {children({
        id,
        "aria-describedby": described.length === 0 ? undefined : described.join(" "),
        "aria-invalid": error !== undefined,
        "aria-required": required
      })}
      {description === undefined ? null : (
        <div id={`${id}-description`} className="text-muted text-xs">
          {description}
        </div>
      )}
      {error === undefined ? null : (
        <p id={`${id}-error`} role="alert" className="text-bad text-xs">
          {error}
        </p>
      )}
    </div>
  )
}

/** A box to tick, with its label behind it. */
export const Checkbox = ({
  id,
  label,
  description,
  error,
  inputRef,
  onChange,
  ...rest
}: {
  readonly id: string
  readonly label: string
  readonly name: string
  readonly checked: boolean
  readonly description?: string
  readonly error?: string | undefined
  readonly inputRef: Ref<HTMLInputElement>
  readonly onBlur: () => void
  readonly onChange: (checked: boolean) => void
}) => (
  <div className="flex flex-col gap-1">
    <label className="flex items-center gap-2 font-medium">
      <input
        type="checkbox"
        id={id}
        {...rest}
        ref={inputRef}
        onChange={(event) => onChange(event.target.checked)}
        className="accent-accent size-4"
        aria-describedby={description === undefined ? undefined : `${id}-description`}
      />
      {label}
    </label>
    {description === undefined ? null : (
      <p id={`${id}-description`} className="text-muted text-xs">
        {description}
      </p>
    )}
    {error === undefined ? null : (
      <p role="alert" className="text-bad text-xs">
        {error}
      </p>
    )}
  </div>
)

/** A list of texts as tags: Enter or a comma adds one, Backspace in an empty input takes the last one away. */
export const TagsInput = ({
  value,
  onChange,
  onBlur,
  placeholder,
  ...rest
}: {
  readonly id: string
  readonly name?: string
  readonly ref?: Ref<HTMLInputElement>
  readonly onBlur?: () => void
  readonly autoFocus?: boolean
  readonly value: ReadonlyArray<string>
  readonly onChange: (value: ReadonlyArray<string>) => void
  readonly placeholder?: string
  readonly "aria-describedby": string | undefined
  readonly "aria-invalid": boolean
  readonly "aria-required"?: boolean
}) => {
  const [draft, setDraft] = useState("")
  const add = () => {
    const tag = draft.trim()
    if (tag !== "" && !value.includes(tag)) onChange([...value, tag])
    setDraft("")
  }
  return (
    <div
      className={clsx(
        inputClass,
        "flex flex-wrap items-center gap-1 focus-within:outline-2 focus-within:outline-accent"
      )}
    >
      {value.map((tag) => (
        <span key={tag} className="bg-raised flex items-center rounded pl-2 text-xs">
          {tag}
          <IconButton
            small
            label={`Remove ${tag}`}
            className="!min-h-6 !min-w-6"
            onClick={() => onChange(value.filter((each) => each !== tag))}
          >
            <X size={12} aria-hidden />
          </IconButton>
        </span>
      ))}
      <input
        {...rest}
        value={draft}
        placeholder={value.length === 0 ? placeholder : undefined}
        className="min-w-24 flex-1 bg-transparent outline-none"
        onChange={(event) => setDraft(event.target.value)}
        onBlur={() => {
          add()
          onBlur?.()
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === ",") {
            event.preventDefault()
            add()
          } else if (event.key === "Backspace" && draft === "") onChange(value.slice(0, -1))
        }}
      />
    </div>
  )
}
