import { PageHeader } from "../parts/Page.tsx"

export const PhonePage = () => <PageHeader title="Phone" />
