use payhook::http::{CallbackService, WithHandler};
use payhook::redis::aio::MultiplexedConnection; // or its `ConnectionManager`, which reconnects
use payhook::{AsyncHandler, B2binpay, Receiver, RedisGuard};

/// `shop` is an `AsyncHandler`, or `handler_fn(async |callback: Verified<Callback>| …)`.
fn route<H: AsyncHandler>(
    receiver: Receiver<B2binpay>,
    connection: MultiplexedConnection,
    shop: H,
) -> CallbackService<WithHandler<B2binpay, RedisGuard<MultiplexedConnection>, H>> {
    CallbackService::new(receiver.guard(RedisGuard::new(connection)), shop)
        .on_reply(|reply| println!("{} {}", reply.status(), reply.disposition()))
    // .spawn(tokio::spawn), below
    // Router::new().route("/callbacks/b2binpay", post_service(route(…)))
}
