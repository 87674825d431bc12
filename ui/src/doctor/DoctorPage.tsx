import { PageHeader } from "../parts/Page.tsx"

export const DoctorPage = () => <PageHeader title="Doctor" />
