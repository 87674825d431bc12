import { Eye, EyeOff } from "lucide-react"
import { type ReactNode, type Ref, useId, useState } from "react"
import { type Control, type FieldValues, useController } from "react-hook-form"
import { Button, IconButton } from "../parts/Button.tsx"
import { CopyButton } from "../parts/CopyButton.tsx"
import { type FormField, isKeptSecret, rulesOf } from "./fields.ts"
import { Checkbox, inputClass, Labelled, SelectInput, TagsInput, TextArea, TextInput } from "./inputs.tsx"

const textOf = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "")
const tagsOf = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : []

/** A value to copy. */
const Shown = ({ id, text, label }: { readonly id: string; readonly text: string; readonly label: string }) => (
  <div className="flex items-center gap-1">
    <output id={id} className={`${inputClass} bg-raised font-mono text-xs leading-6 break-all`}>
      {text}
    </output>
    <CopyButton text={text} what={label} />
  </div>
)

/** A line of secret text that can be looked at while it is typed. */
const SecretInput = (props: Parameters<typeof TextInput>[0] & { readonly label: string }) => {
  const { label, ...rest } = props
  const [shown, setShown] = useState(false)
  return (
    <>
      <TextInput {...rest} type={shown ? "text" : "password"} autoComplete="new-password" />
      <IconButton
        label={shown ? `Hide ${label}` : `Show ${label}`}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
      >
        {shown ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
      </IconButton>
    </>
  )
}

interface InputProps {
  readonly field: FormField
  readonly value: unknown
  readonly onChange: (value: unknown) => void
  readonly attributes: {
    readonly id: string
    readonly name: string
    readonly onBlur: () => void
    readonly ref: Ref<HTMLInputElement & HTMLSelectElement & HTMLTextAreaElement>
    readonly "aria-describedby": string | undefined
    readonly "aria-invalid": boolean
    readonly "aria-required": boolean
    /** The person asked for this input a moment ago. */
    readonly autoFocus: boolean
  }
}

/** The input of a field that holds text, numbers, a choice, or a list. */
const ValueInput = ({ field, value, onChange, attributes }: InputProps) => {
  const placeholder = field.placeholder === undefined ? {} : { placeholder: field.placeholder }
  const text = {
    ...attributes,
    ...placeholder,
    spellCheck: false,
    value: textOf(value),
    onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value)
  }
  if (field.type === "select") {
    return (
      <SelectInput {...text}>
        {field.required && text.value !== "" ? null : <option value="">{field.placeholder ?? "Choose…"}</option>}
        {(field.options ?? []).map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </SelectInput>
    )
  }
  if (field.type === "string-array") {
    return <TagsInput {...attributes} {...placeholder} value={tagsOf(value)} onChange={onChange} />
  }
  if (field.type === "textarea") return <TextArea {...text} />
  if (field.type === "password") return <SecretInput {...text} label={field.label} />
  return <TextInput {...text} autoComplete="off" inputMode={field.type === "number" ? "decimal" : undefined} />
}

/** The input of one field, whatever its type. A stored secret is shown masked and kept unless it is replaced. */
export const FieldInput = ({
  field,
  control,
  saved,
  beside
}: {
  readonly field: FormField
  readonly control: Control<FieldValues>
  /** The value when the form was opened: a masked secret can be gone back to. */
  readonly saved: unknown
  /** What is shown below the input besides the field's description. */
  readonly beside?: ReactNode
}) => {
  const id = useId()
  const { field: input, fieldState } = useController({ name: field.name, control, rules: rulesOf(field) })
  const [wantsFocus, setWantsFocus] = useState(false)
  const value: unknown = input.value
  const labelled = {
    id,
    label: field.label,
    required: field.required,
    error: fieldState.error?.message,
    ...(field.description === undefined ? {} : { description: field.description })
  }
  const change = (next: unknown) => {
    setWantsFocus(true)
    input.onChange(next)
  }

  if (field.type === "readonly") {
    return textOf(value) === "" ? null : (
      <Labelled {...labelled}>{() => <Shown id={id} text={textOf(value)} label={field.label} />}</Labelled>
    )
  }
  if (field.type === "boolean") {
    return (
      <Checkbox
        {...labelled}
        name={input.name}
        onBlur={input.onBlur}
        inputRef={input.ref}
        checked={value === true}
        onChange={input.onChange}
      />
    )
  }
  if (isKeptSecret(value)) {
    return (
      <Labelled {...labelled}>
        {(aria) => (
          <div className="flex items-center gap-2">
            <output
              id={id}
              aria-describedby={aria["aria-describedby"]}
              className={`${inputClass} bg-raised font-mono text-xs leading-6`}
            >
              {value} <span className="text-muted">(stored, kept)</span>
            </output>
            <Button aria-label={`Replace ${field.label}`} autoFocus={wantsFocus} onClick={() => change("")}>
              Replace
            </Button>
          </div>
        )}
      </Labelled>
    )
  }
  const canKeep = isKeptSecret(saved)
  return (
    <Labelled {...labelled}>
      {(aria) => (
        <>
          <div className="flex items-start gap-2">
            <ValueInput
              field={field}
              value={value}
              onChange={input.onChange}
              attributes={{
                ...aria,
                name: input.name,
                onBlur: input.onBlur,
                ref: input.ref,
                autoFocus: canKeep && wantsFocus
              }}
            />
            {canKeep ? (
              <Button aria-label={`Keep the stored ${field.label}`} onClick={() => change(saved)}>
                Keep
              </Button>
            ) : null}
          </div>
          {canKeep && !field.required ? (
            <p className="text-muted text-xs">Left empty, the stored one is removed.</p>
          ) : null}
          {beside}
        </>
      )}
    </Labelled>
  )
}
