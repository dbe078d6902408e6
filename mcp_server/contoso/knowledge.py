"""Contoso's knowledge base, as its support staff wrote it."""

from mcp_server.records.article import Article


def _article(number: int, title: str, body: str) -> Article:
    return Article(article_id=f"kb-{number:03}", title=title, body=body)


ARTICLES: tuple[Article, ...] = (
    _article(1, "Roaming packages and travelling abroad",
        "Customers who travel outside their plan's countries buy a World Roaming package, valid for 30 days in one "
        "country. A login or card payment in that country while the package runs is expected. Look for a travel "
        "ticket, the package in the subscriptions and a known device."),
    _article(2, "Roaming inside Europe and North America",
        "European plans work in all European Contoso countries, North American plans in Canada, Mexico and the "
        "United States, at home prices and without a package."),
    _article(3, "Fair use of unlimited and capped plans",
        "Data is for the customer's own use. A capped plan allows its gigabytes in any 30 days. Selling data on, or "
        "sharing a line with people outside the household, is not allowed and ends the contract. Signs are usage far "
        "above the cap on every day and many unknown devices on one line."),
    _article(4, "Family plans and shared lines",
        "On a family plan up to six members share 300 GB in 30 days. Usage rises by the number of members from the "
        "day of the change. Members' devices are added from the main customer's known device."),
    _article(5, "Streaming and data usage",
        "One hour of high-definition video takes about 3 GB. A season start or sports event can raise a day's usage "
        "six-fold for a few days. On unlimited plans this is normal."),
    _article(6, "SIM swap fraud",
        "A criminal has the number moved to another SIM and receives the codes of the second factor. Signs are a SIM "
        "swap followed within an hour by resets of the second factor and of the password from an unknown device, and "
        "a customer who reports that the phone has no service. Lock the account first, then call back."),
    _article(7, "Account takeover: what to look for",
        "Failed logins, then a password reset, a changed e-mail address and a new device from a place where the "
        "customer has never been, followed by orders shipped there. Lock the account and refund orders that were "
        "placed from the unknown device."),
    _article(8, "Stolen cards and card testing",
        "Stolen card data is tried with a very small payment before large ones. Payments in shops abroad while the "
        "customer logs in at home cannot both be the customer's. Refund the payments abroad and replace the card."),
    _article(9, "Setting up a new phone",
        "The customer approves the new phone in the app on the old one. A few failed logins on the new phone are "
        "common, from the home address and after an order of that phone."),
    _article(10, "Forgotten passwords and failed logins",
        "After several failed logins customers reset their password by a link. From a known device and the home "
        "address this is harmless; do not lock the account."),
    _article(11, "Subscription abuse and promotional phones",
        "Lines are opened only for the subsidised phone. Signs are several new lines in a few weeks, phones shipped "
        "to another country, logins through hosting companies and unpaid invoices."),
    _article(12, "Gift orders and seasonal spending",
        "Around holidays and family events customers order several dear things in one day. Orders from a known device "
        "that are sent to the home address are expected, also when they are many times the usual amount."),
    _article(13, "When to lock an account",
        "Lock when somebody else controls it or is about to. A lock stops logins, orders and calls except emergency "
        "calls until support has spoken to the customer; locking an innocent customer who travels leaves them "
        "without a phone abroad."),
    _article(14, "Refunds of disputed charges",
        "Charges that the customer did not make are refunded in full, once, to the account. The refund shows as a "
        "credit on the balance."),
    _article(15, "Invoices, due dates and payment",
        "Invoices are issued monthly on the customer's billing day, hold the plan fees and all charges of the period, "
        "and are due after 14 days. Direct debit is taken on the due date."),
    _article(16, "Staff terminals and unlocking an account",
        "Support staff work at terminals whose device id begins with 'dev-staff-'. They unlock an account, reset the "
        "second factor or change an e-mail address only when the customer has asked for it in a ticket of the week "
        "before. Such a change without a ticket, or followed by a login from a stranger's device, is an insider's "
        "work: lock the account and report the terminal."),
    _article(17, "Disputes that the records contradict",
        "Some customers dispute what they ordered themselves. Signs are goods ordered from their usual device, sent "
        "to their home and delivered, or a subscription that was used after it was disputed. Do not refund; lock the "
        "account against further orders and let a person talk to the customer."),
)  # fmt: skip
