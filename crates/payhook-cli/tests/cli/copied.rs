mod test_1 {
    use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
    use payhook::payment::Expected;
    use payhook::testing::b2binpay::deposit;
    use payhook::{Amount, Endpoint, MemoryLedger};

    #[test]
    fn callback_1() -> Result<(), Box<dyn std::error::Error>> {
        let key = Key::callback_secret("my test secret")?;
        let body = deposit()
            .id("30417")
            .tracking_id("order-9001")
            .at("2026-03-02T09:16:02.551870Z".parse()?)
            .currency("ETH")
            .amount("0.412")
            .confirmed()
            .transfer_id("55021")
            .txid("0xab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12")
            .set("data.attributes.status", 2)
            .sign(&key);
        let ledger = MemoryLedger::new();
        ledger.expect(Expected::deposit("order-9001", "ETH", "0.412".parse()?)?);
        let verifier = Verifier::new(key, TrackingIds::Prefixed);
        let endpoint = Endpoint::new(Gateway::new(verifier), ledger);
        let reply = endpoint.receive_blocking(&body, None);
        assert_eq!(reply.status(), 200);
        let credited: Option<Amount> = Some("0.412".parse()?);
        assert_eq!(reply.change().and_then(|change| change.credited()), credited.as_ref());
        Ok(())
    }
}
mod test_2 {
    use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
    use payhook::testing::b2binpay::payout;
    use payhook::{Amount, Endpoint, MemoryLedger};

    #[test]
    fn callback_2() -> Result<(), Box<dyn std::error::Error>> {
        let key = Key::callback_secret("my test secret")?;
        let body = payout()
            .id("8815")
            .tracking_id("wd-77")
            .at("2026-03-02T09:16:02.551870Z".parse()?)
            .currency("USDT-TRX")
            .no_transfer()
            .sign(&key);
        let ledger = MemoryLedger::new();
        let verifier = Verifier::new(key, TrackingIds::Prefixed);
        let endpoint = Endpoint::new(Gateway::new(verifier), ledger);
        let reply = endpoint.receive_blocking(&body, None);
        assert_eq!(reply.status(), 200);
        let credited: Option<Amount> = None;
        assert_eq!(reply.change().and_then(|change| change.credited()), credited.as_ref());
        Ok(())
    }
}
mod test_3 {
    use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
    use payhook::payment::Expected;
    use payhook::testing::Json;
    use payhook::testing::b2binpay::payout;
    use payhook::{Amount, Endpoint, MemoryLedger};

    #[test]
    fn callback_3() -> Result<(), Box<dyn std::error::Error>> {
        let key = Key::callback_secret("my test secret")?;
        let body = payout()
            .id("8815")
            .tracking_id("wd-77")
            .at("2026-03-02T09:16:02.551870Z".parse()?)
            .currency("USDT-TRX")
            .amount("125")
            .confirmed()
            .transfer_id("55030")
            .txid("0xab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12")
            .set("included[0]", Json::raw("{\"type\":\"transfer\",\"id\":\"55029\",\"attributes\":{\"op_id\":8815,\"op_type\":9,\"amount\":\"13.400000\",\"commission\":\"0.001648000000000000\",\"fee\":\"0.000000000000000000\",\"txid\":\"0xab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12\",\"status\":2,\"user_message\":null,\"created_at\":\"2026-03-02T09:14:55.120443Z\",\"updated_at\":\"2026-03-02T09:16:01.004512Z\",\"confirmations\":19,\"risk\":0,\"risk_status\":1,\"amount_cleared\":\"0.410352000000000000\",\"rate_target\":\"1.000000000000000000\",\"risk_personal\":null,\"risk_personal_status\":4,\"amount_target\":\"13.400000\",\"commission_target\":\"0.001648000000000000\"},\"relationships\":{\"currency\":{\"data\":{\"type\":\"currency\",\"id\":\"2005\"}},\"wallet\":{\"data\":{\"type\":\"wallet\",\"id\":\"711\"}},\"parent\":{\"data\":null}}}"))
            .set("included[1]", Json::raw("{\"type\":\"currency\",\"id\":\"2005\",\"attributes\":{\"blockchain_name\":\"\",\"iso\":2005,\"name\":\"Tether\",\"alpha\":\"USDT-TRX\",\"alias\":\"USDT\",\"exp\":6,\"confirmation_blocks\":19,\"minimal_transfer_amount\":\"0.000000\",\"block_delay\":30,\"tags\":\"\"}}"))
            .set("included[2]", Json::raw("{\"type\":\"transfer\",\"id\":\"55030\",\"attributes\":{\"op_id\":8815,\"op_type\":2,\"amount\":\"125.000000\",\"commission\":\"0.001648000000000000\",\"fee\":\"0.000000000000000000\",\"txid\":\"0xab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12\",\"status\":2,\"user_message\":null,\"created_at\":\"2026-03-02T09:14:55.120443Z\",\"updated_at\":\"2026-03-02T09:16:01.004512Z\",\"confirmations\":19,\"risk\":null,\"risk_status\":4,\"amount_cleared\":\"126.200000\",\"rate_target\":\"1.000000000000000000\",\"risk_personal\":null,\"risk_personal_status\":4,\"amount_target\":\"125.000000\",\"commission_target\":\"0.001648000000000000\"},\"relationships\":{\"currency\":{\"data\":{\"type\":\"currency\",\"id\":\"2005\"}},\"wallet\":{\"data\":{\"type\":\"wallet\",\"id\":\"711\"}},\"parent\":{\"data\":null}}}"))
            .sign(&key);
        let ledger = MemoryLedger::new();
        ledger.expect(Expected::payout("wd-77", "USDT-TRX", "125".parse()?)?);
        let verifier = Verifier::new(key, TrackingIds::Prefixed);
        let endpoint = Endpoint::new(Gateway::new(verifier), ledger);
        let reply = endpoint.receive_blocking(&body, None);
        assert_eq!(reply.status(), 200);
        let credited: Option<Amount> = Some("125".parse()?);
        assert_eq!(reply.change().and_then(|change| change.credited()), credited.as_ref());
        Ok(())
    }
}
mod test_4 {
    use payhook::b2binpay::{Gateway, Key, TrackingIds, Verifier};
    use payhook::testing::b2binpay::deposit;
    use payhook::{Amount, Endpoint, MemoryLedger};

    #[test]
    fn callback_4() -> Result<(), Box<dyn std::error::Error>> {
        let key = Key::callback_secret("my test secret")?;
        let body = deposit()
            .id("30417")
            .tracking_id("order-9001")
            .at("2026-03-02T09:16:02.551870Z".parse()?)
            .currency("ETH")
            .no_transfer()
            .sign(&key);
        let ledger = MemoryLedger::new();
        let verifier = Verifier::new(key, TrackingIds::Prefixed);
        let endpoint = Endpoint::new(Gateway::new(verifier), ledger);
        let reply = endpoint.receive_blocking(&body, None);
        assert_eq!(reply.status(), 200);
        let credited: Option<Amount> = None;
        assert_eq!(reply.change().and_then(|change| change.credited()), credited.as_ref());
        Ok(())
    }
}
mod test_5 {
    use payhook::citypay::Token;
    use payhook::testing::citypay::order;

    #[test]
    fn callback_5() -> Result<(), Box<dyn std::error::Error>> {
        let body = order()
            .token("tok_4f9c1b7e")
            .callback();
        let callback = body.unverified()?;
        let token = callback.unverified().order_token();
        assert_eq!(token.as_ref().map(Token::as_str), Some("tok_4f9c1b7e"));
        Ok(())
    }
}
mod test_6 {
    use payhook::citypay::Token;
    use payhook::testing::citypay::deposit;

    #[test]
    fn callback_6() -> Result<(), Box<dyn std::error::Error>> {
        let body = deposit()
            .token("dep_user_42")
            .callback()
            .remove("crated_at")
            .set("action", "receive_transaction")
            .set("created_at", "2026-03-02 09:10:11")
            .set("status", "Pending");
        let callback = body.unverified()?;
        let token = callback.unverified().deposit_token();
        assert_eq!(token.as_ref().map(Token::as_str), Some("dep_user_42"));
        Ok(())
    }
}
