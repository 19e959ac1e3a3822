import { Col, Row } from 'antd'
import { AboutCard } from '../features/system/components/about-card.tsx'
import { HealthCard } from '../features/system/components/health-card.tsx'

/** `/`: what this registry is and how it does. */
export function HomePage() {
  return (
    <Row gutter={[24, 24]}>
      <Col xs={24} lg={12}>
        <AboutCard />
      </Col>
      <Col xs={24} lg={12}>
        <HealthCard />
      </Col>
    </Row>
  )
}
