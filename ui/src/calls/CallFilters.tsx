import { Search } from "lucide-react"
import { type ReactNode, useRef, useState } from "react"
import { SelectInput, TextInput } from "../form/inputs.tsx"
import { Button } from "../parts/Button.tsx"
import { useProviders } from "../parts/providers.ts"
import { statuses } from "./call.ts"
import { endReasons } from "./endReasons.ts"
import { type Filters, filtersOf, queryOf } from "./filters.ts"

const TYPING_MS = 300

/** A search that is told on once the person stops typing. */
const SearchBox = ({
  value,
  onChange
}: {
  readonly value: string
  readonly onChange: (value: string | undefined) => void
}) => {
  const [draft, setDraft] = useState(value)
  const [told, setTold] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  // Somebody else changed it: "Clear", or the browser's back button.
  if (value !== told) {
    setTold(value)
    setDraft(value)
  }
  const type = (text: string) => {
    setDraft(text)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      const search = text.trim()
      setTold(search)
      onChange(search === "" ? undefined : search)
    }, TYPING_MS)
  }
  return (
    <div className="relative min-w-48 flex-1">
      <Search size={14} aria-hidden className="text-muted absolute top-1/2 left-2.5 -translate-y-1/2" />
      <TextInput
        type="search"
        maxLength={128}
        aria-label="Search calls"
        placeholder="Number or carrier's call id"
        className="pl-8"
        value={draft}
        onChange={(event) => type(event.target.value)}
      />
    </div>
  )
}

const Choice = ({
  name,
  label,
  all,
  filters,
  change,
  children
}: {
  readonly name: "status" | "direction" | "provider" | "reason"
  readonly label: string
  readonly all: string
  readonly filters: Filters
  readonly change: (next: Partial<Filters>) => void
  readonly children: ReactNode
}) => {
  const key = name === "status" ? "show" : name
  return (
    <SelectInput
      aria-label={label}
      className="!w-auto"
      value={filters[key] ?? ""}
      onChange={({ target }) => change({ [key]: filtersOf(`${name}=${encodeURIComponent(target.value)}`)[key] })}
    >
      <option value="">{all}</option>
      {children}
    </SelectInput>
  )
}

const options = (entries: Iterable<readonly [value: string, label: string]>) =>
  Array.from(entries, ([value, label]) => (
    <option key={value} value={value}>
      {label}
    </option>
  ))

/** Which calls are shown; kept in the page's address. */
export const CallFilters = ({
  filters,
  change
}: {
  readonly filters: Filters
  readonly change: (next: Partial<Filters>) => void
}) => {
  const { data: providers = [] } = useProviders()
  const each = { filters, change }
  const narrowed = queryOf(filters) !== ""
  return (
    <div role="search" aria-label="Filters" className="mb-4 flex flex-wrap items-center gap-2">
      <SearchBox value={filters.search ?? ""} onChange={(search) => change({ search })} />
      <Choice {...each} name="status" label="State" all="Any state">
        <option value="live">Live now</option>
        {options(Object.entries(statuses).map(([value, { label }]) => [value, label]))}
      </Choice>
      <Choice {...each} name="direction" label="Direction" all="Both directions">
        {options([
          ["inbound", "Inbound"],
          ["outbound", "Outbound"]
        ])}
      </Choice>
      <Choice {...each} name="provider" label="Carrier" all="Any carrier">
        {options(providers.map(({ display_name, provider }) => [provider, display_name]))}
      </Choice>
      <Choice {...each} name="reason" label="End reason" all="Any end">
        {options(Object.entries(endReasons).map(([value, { short }]) => [value, short]))}
      </Choice>
      {narrowed ? (
        <Button
          look="quiet"
          onClick={() =>
            change({
              show: undefined,
              direction: undefined,
              provider: undefined,
              agent: undefined,
              reason: undefined,
              search: undefined
            })
          }
        >
          Clear
        </Button>
      ) : null}
    </div>
  )
}
