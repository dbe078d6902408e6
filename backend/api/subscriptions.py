"""`/api/subscriptions`: who is sent the domain events. Admins only."""

from fastapi import APIRouter, Depends, Response

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.preconditions import SeenRevision, tag
from backend.http.problem import documented
from contracts.subscriptions import (
    CreatedSubscription,
    DeadLetterPage,
    EventSequence,
    IssuedSecret,
    NewSubscription,
    Replay,
    Resending,
    Subscription,
    SubscriptionChange,
    SubscriptionList,
)

router = APIRouter(prefix="/api/subscriptions", tags=["subscriptions"])


@router.get("", operation_id="list_subscriptions", summary="List subscriptions", responses=documented(401, 403, 503))
async def list_subscriptions(services: ServicesDep) -> SubscriptionList:
    """All subscriptions with their progress, the oldest first."""
    return SubscriptionList(items=await services.subscription_record.list_subscriptions())


@router.post(
    "",
    operation_id="create_subscription",
    summary="Subscribe a webhook",
    status_code=201,
    responses=documented(401, 403, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(NewSubscription))],
)
async def create_subscription(
    order: NewSubscription, services: ServicesDep, identity: CurrentIdentity, response: Response
) -> CreatedSubscription:
    """Post events to a URL from now on, or from an earlier event on. The secret that signs them is told this once."""
    created = await services.subscriptions.create(order, identity.subject)
    tag(response, created.subscription.revision)
    return created


@router.get(
    "/{subscription_id}",
    operation_id="get_subscription",
    summary="One subscription",
    responses=documented(401, 403, 404, 503),
)
async def get_subscription(subscription_id: str, services: ServicesDep, response: Response) -> Subscription:
    """The subscription with its progress, and its `ETag`."""
    return _tagged(await services.subscription_record.subscription(subscription_id), response)


@router.patch(
    "/{subscription_id}",
    operation_id="change_subscription",
    summary="Change, pause or resume a subscription",
    responses=documented(401, 403, 404, 412, 413, 415, 422, 428, 503),
    dependencies=[Depends(strict_json(SubscriptionChange))],
)
async def change_subscription(
    subscription_id: str,
    order: SubscriptionChange,
    services: ServicesDep,
    identity: CurrentIdentity,
    seen: SeenRevision,
    response: Response,
) -> Subscription:
    """Change a subscription that is still as it was read. What happens while it is paused is sent when it goes on."""
    return _tagged(await services.subscriptions.change(subscription_id, seen, order, identity.subject), response)


@router.delete(
    "/{subscription_id}",
    operation_id="delete_subscription",
    summary="Delete a subscription",
    status_code=204,
    responses=documented(401, 403, 404, 412, 428, 503),
)
async def delete_subscription(
    subscription_id: str, services: ServicesDep, identity: CurrentIdentity, seen: SeenRevision
) -> None:
    """Delete a subscription, with what waits for it and what was given up."""
    await services.subscriptions.delete(subscription_id, seen, identity.subject)


@router.post(
    "/{subscription_id}/secrets",
    operation_id="add_subscription_secret",
    summary="Add a secret",
    status_code=201,
    responses=documented(401, 403, 404, 409, 503),
)
async def add_secret(subscription_id: str, services: ServicesDep, identity: CurrentIdentity) -> IssuedSecret:
    """Sign with one more secret from now on, so that the receiver can change over. It is told this once."""
    return await services.subscriptions.add_secret(subscription_id, identity.subject)


@router.delete(
    "/{subscription_id}/secrets/{secret_id}",
    operation_id="remove_subscription_secret",
    summary="Remove a secret",
    status_code=204,
    responses=documented(401, 403, 404, 409, 503),
)
async def remove_secret(subscription_id: str, secret_id: str, services: ServicesDep, identity: CurrentIdentity) -> None:
    """Sign no longer with a secret."""
    await services.subscription_record.remove_secret(subscription_id, secret_id, identity.subject)


@router.post(
    "/{subscription_id}/replay",
    operation_id="replay_events",
    summary="Send events again",
    responses=documented(401, 403, 404, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(Replay))],
)
async def replay_events(
    subscription_id: str, order: Replay, services: ServicesDep, identity: CurrentIdentity, response: Response
) -> Subscription:
    """Send everything from this event on, each with the `id` that it had before."""
    return _tagged(await services.subscriptions.replay(subscription_id, order, identity.subject), response)


@router.get(
    "/{subscription_id}/dead-letters",
    operation_id="list_dead_letters",
    summary="What was given up",
    responses=documented(401, 403, 404, 422, 503),
)
async def list_dead_letters(
    subscription_id: str, services: ServicesDep, limit: Limit = 50, cursor: Cursor = None
) -> DeadLetterPage:
    """Deliveries that failed for three days, the oldest event first."""
    return await services.subscription_record.dead_letters(subscription_id, limit=limit, cursor=cursor)


@router.post(
    "/{subscription_id}/dead-letters/resend",
    operation_id="resend_dead_letters",
    summary="Try dead letters again",
    responses=documented(401, 403, 404, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(Resending))],
)
async def resend_dead_letters(
    subscription_id: str, order: Resending, services: ServicesDep, identity: CurrentIdentity, response: Response
) -> Subscription:
    """Try some of them, or all, for three days more."""
    return _tagged(await services.subscriptions.resend(subscription_id, order, identity.subject), response)


@router.delete(
    "/{subscription_id}/dead-letters/{number}",
    operation_id="drop_dead_letter",
    summary="Forget a dead letter",
    status_code=204,
    responses=documented(401, 403, 404, 422, 503),
)
async def drop_dead_letter(
    subscription_id: str, number: EventSequence, services: ServicesDep, identity: CurrentIdentity
) -> None:
    """Forget it. The event itself stays on record, and a replay still sends it."""
    await services.subscription_record.drop_dead_letter(subscription_id, number, identity.subject)


def _tagged(subscription: Subscription, response: Response) -> Subscription:
    tag(response, subscription.revision)
    return subscription
