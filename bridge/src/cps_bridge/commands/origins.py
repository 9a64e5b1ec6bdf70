"""`cps-bridge origins`: who may ask for a card on this workstation."""

from cps_bridge.config import Config, default_path
from cps_bridge.errors import SetupError
from cps_bridge.origins import parse_origin


def show_origins(config: Config, *, asked: str | None) -> bool:
    """Print the allow-list; with `asked`, say whether that origin would be served."""
    if asked is not None:
        return _judge(config, asked)
    if not config.origins:
        print(f"Aucune origine autorisée. Écrivez-les dans {config.source or default_path()} :")
        print('  origins = ["https://connexion.exemple.fr"]')
        return False
    print(f"Origines autorisées ({config.source or 'ligne de commande'}) :")
    for origin in config.origins:
        print(f"  {origin}")
    return True


def _judge(config: Config, asked: str) -> bool:
    try:
        origin = parse_origin(asked)
    except SetupError as error:
        print(error)
        return False
    is_allowed = origin in config.origins
    print(f"{origin} : {'autorisée' if is_allowed else 'refusée, elle n’est pas dans la liste'}")
    return is_allowed
