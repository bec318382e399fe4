"""What a deployer sets so that users sign in with OpenID Connect: parameters of the stack, and their variables."""

import re
from typing import Any

Json = dict[str, Any]


def _text(description: str, pattern: str, default: str = "") -> Json:
    return {"Type": "String", "Default": default, "AllowedPattern": pattern, "Description": description}


_ORIGIN = r"(https://[A-Za-z0-9.-]+(:[0-9]+)?)?"
_CLAIM = r"[^\s]{0,200}"
PARAMETERS: Json = {
    "OidcIssuer": _text(
        "The issuer whose users sign in with OpenID Connect, exactly as it names itself; empty: keys alone",
        r"(https://[^\s#]+)?",
    ),
    "OidcAudience": _text("The audience that its tokens must name", r"[^\s]{0,200}"),
    "OidcClientId": _text("The console's id at the issuer; empty: the audience", r"[^\s]{0,200}"),
    "OidcScope": _text("What the console asks the issuer for", r"[ -~]*openid[ -~]*", "openid"),
    "OidcTokenOrigin": _text("The origin of its token endpoint, if it is not the issuer's own", _ORIGIN),
    "OidcUserClaim": _text("The claim that identifies a user", _CLAIM, "sub"),
    "OidcRolesClaim": _text("The claim that names a user's roles", _CLAIM, "roles"),
    "OidcRoles": _text("Which of its values mean which role: team-a=operator,team-b=viewer", r"([^=,]+=[a-z]+,?)*"),
    "OidcModelsClaim": _text("The claim that binds a user to models; empty: all users see all", _CLAIM),
}
VARIABLES = {name: "WARMUP_" + re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() for name in PARAMETERS}
