import { Tabs as Radix } from "radix-ui"
import type { ReactNode } from "react"

export interface Tab<Name extends string> {
  readonly name: Name
  readonly label: string
  readonly content: ReactNode
}

/** Parts of a page of which one is shown; the arrow keys go from one to the next. `label` is what they are. */
export const Tabs = <Name extends string>({
  label,
  tabs,
  shown,
  onShow
}: {
  readonly label: string
  readonly tabs: ReadonlyArray<Tab<Name>>
  readonly shown: Name
  readonly onShow: (name: Name) => void
}) => (
  <Radix.Root
    value={shown}
    onValueChange={(value) => {
      const tab = tabs.find(({ name }) => name === value)
      if (tab !== undefined) onShow(tab.name)
    }}
  >
    <Radix.List aria-label={label} className="border-line mb-5 flex gap-1 overflow-x-auto border-b">
      {tabs.map((tab) => (
        <Radix.Trigger
          key={tab.name}
          value={tab.name}
          className="text-muted hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink -mb-px border-b-2 border-transparent px-3 py-2 font-medium whitespace-nowrap"
        >
          {tab.label}
        </Radix.Trigger>
      ))}
    </Radix.List>
    {tabs.map((tab) => (
      <Radix.Content key={tab.name} value={tab.name} className="outline-none">
        {tab.content}
      </Radix.Content>
    ))}
  </Radix.Root>
)
