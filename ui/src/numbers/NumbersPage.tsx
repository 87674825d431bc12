import { PageHeader } from "../parts/Page.tsx"

export const NumbersPage = () => <PageHeader title="Numbers" />
