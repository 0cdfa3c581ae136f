"""Topics to read: their most probable tokens, overall and of a modality."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.em import ModalitySelection
from skartm.metrics import top_tokens, topic_table


class ReadableModel:
    """Mixin: ``top_tokens`` and ``topic_table``, overall and of a modality."""

    components_: NDArray
    main_modality: Any

    def top_tokens(self, n_top: int = 10, *, modality: ModalitySelection = None) -> list[list[Any]]:
        """Most probable tokens of each topic, most probable first.

        Parameters
        ----------
        n_top : int, default=10
            Tokens of a topic, at most; those of probability zero are left out.
        modality : None, name or names, default=None
            Modalities whose tokens are listed; None is the main one, or else the first. Several together compare
            probabilities of different distributions.

        Returns
        -------
        list of n_components lists
            Names of the tokens (``token_names``, or the columns of a data frame), or columns of X without names.
        """
        columns, names = self._columns(modality)
        tops = top_tokens(self.components_[:, columns], names, n_top=n_top)
        return tops if names is not None else [columns[top].tolist() for top in tops]

    def topic_table(self, n_top: int = 10, *, modality: ModalitySelection = None) -> Any:
        """Most probable tokens of each topic with their probabilities, as a data frame in long form.

        Parameters
        ----------
        n_top : int, default=10
        modality : None, name or names, default=None
            None is the main modality, or else the first.

        Returns
        -------
        pandas.DataFrame
            Columns ``topic``, ``rank``, ``token`` and ``probability``; see :func:`skartm.metrics.topic_table`.
        """
        columns, names = self._columns(modality)
        topics = self.get_feature_names_out().tolist()  # type: ignore[attr-defined]
        table = topic_table(self.components_[:, columns], names, n_top=n_top, topic_names=topics)
        return table if names is not None else table.assign(token=columns[table["token"]])

    def _columns(self, modality: ModalitySelection) -> tuple[NDArray, list[str] | None]:
        """Columns of the modalities and, if the model knows them, their names."""
        check_is_fitted(self, "components_")
        layout = self._layout(self.components_, known=True)  # type: ignore[attr-defined]
        if modality is None and layout.modalities:
            modality = self.main_modality or layout.modalities[0].name
        columns = layout.tokens(modality, type(self).__name__)
        names = None if layout.token_names is None else np.asarray(layout.token_names, dtype=object)[columns].tolist()
        return columns, names
