"""Problems of the catalogue whose data were measured."""

from dualscape.data.entry import Entry
from dualscape.data.named_tables import breast_cancer, diabetes, iris, linnerud

_DIABETES = "Efron, Hastie, Johnstone, Tibshirani (2004), by scikit-learn"
_IRIS = "Fisher (1936), by scikit-learn"
_LINNERUD = "Tenenhaus (1998), by scikit-learn"
_CANCER = "Wolberg, Street, Mangasarian (1995), by scikit-learn"

#: In the order in which they are listed.
REAL = (
    Entry(
        "diabetes-bmi-s5",
        "442 patients: disease progression from bmi and s5, standardised",
        _DIABETES,
        lambda: diabetes("bmi", "s5"),
        bias="penalised",
    ),
    Entry(
        "diabetes",
        "442 patients: disease progression from all 10 features, standardised",
        _DIABETES,
        diabetes,
        beta=23.8857,
        beta_fraction=None,
    ),
    Entry(
        "diabetes-additive",
        "442 patients, all 10 features, each neuron sees one of them: an additive model",
        _DIABETES,
        diabetes,
        bias="penalised",
        features_per_neuron=1,
    ),
    Entry(
        "breast-cancer-2",
        "569 tumours, logistic loss: worst perimeter and worst smoothness, standardised",
        _CANCER,
        lambda: breast_cancer("worst perimeter", "worst smoothness"),
        loss="logistic",
        bias="penalised",
    ),
    Entry(
        "breast-cancer",
        "569 tumours, logistic loss, all 30 features, standardised",
        _CANCER,
        breast_cancer,
        loss="logistic",
        bias="penalised",
    ),
    Entry(
        "linnerud",
        "20 men: weight, waist and pulse from three exercises, three targets, standardised",
        _LINNERUD,
        linnerud,
        bias="penalised",
    ),
    Entry(
        "iris",
        "150 flowers, multinomial loss: three species from all 4 features",
        _IRIS,
        iris,
        loss="multinomial",
        bias="penalised",
    ),
)
