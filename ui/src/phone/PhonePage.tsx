import { useNavigate, useSearch } from "@tanstack/react-router"
import { PageHeader } from "../parts/Page.tsx"
import { Tabs } from "../parts/Tabs.tsx"
import { PhonePanel } from "./PhonePanel.tsx"
import { SimulatorPanel } from "./SimulatorPanel.tsx"

/** Ways to call an agent without a carrier: from this page, or by a simulated one. */
export const PhonePage = () => {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const navigate = useNavigate()
  return (
    <div className="max-w-2xl">
      <PageHeader title="Phone">
        Call an agent without a carrier account: from this browser, or by a simulated carrier.
      </PageHeader>
      <Tabs
        label="How to call"
        shown={search["tab"] === "simulator" ? "simulator" : "phone"}
        onShow={(tab) => void navigate({ to: "/phone", search: tab === "phone" ? {} : { tab }, replace: true })}
        tabs={[
          { name: "phone", label: "This browser", content: <PhonePanel /> },
          { name: "simulator", label: "Simulated carriers", content: <SimulatorPanel /> }
        ]}
      />
    </div>
  )
}
